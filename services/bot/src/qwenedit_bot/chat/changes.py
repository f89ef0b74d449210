"""What a chat's service messages say: the bot may write again, or a group became a supergroup."""

from __future__ import annotations

from typing import Protocol


class Chats(Protocol):
    """Learns of changes of chats. Every method may be repeated, and may raise `RedisError`."""

    async def returned(self, chat_id: int) -> None:
        """The bot may write in a chat again: unblocked, added, or given a right that it lacked."""

    async def migrated(self, old: int, new: int) -> None:
        """A group became a supergroup: what was meant for the old id belongs to the new one."""

    async def current(self, chat_id: int) -> int:
        """Return the id under which a chat is known now."""


class UnwatchedChats:
    """Takes notice of nothing."""

    async def returned(self, chat_id: int) -> None:
        """Do nothing."""

    async def migrated(self, old: int, new: int) -> None:
        """Do nothing."""

    async def current(self, chat_id: int) -> int:
        """Return the same id."""
        return chat_id


class Together:
    """Tells several parts of the bot one after the other; after an error all of them are told again.

    Args:
        parts: In the order in which they are told.
    """

    def __init__(self, *parts: Chats) -> None:
        self._parts = parts

    async def returned(self, chat_id: int) -> None:
        """Tell each."""
        for part in self._parts:
            await part.returned(chat_id)

    async def migrated(self, old: int, new: int) -> None:
        """Tell each."""
        for part in self._parts:
            await part.migrated(old, new)

    async def current(self, chat_id: int) -> int:
        """Return what the parts make of an id, one after the other."""
        for part in self._parts:
            chat_id = await part.current(chat_id)
        return chat_id
