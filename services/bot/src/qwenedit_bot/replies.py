"""One message of the bot for each message of a user, however often the user's message is handled."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys
    from qwenedit_bot.messenger import Messenger, Source
    from qwenedit_bot.views import View

REMEMBERED = 2 * 86_400
"""Seconds: longer than Telegram keeps undelivered updates."""


class Replies:
    """Replies that are remembered by the message they answer, and edited when they are given again."""

    def __init__(self, redis: Redis, keys: BotKeys, messenger: Messenger) -> None:
        self._redis = redis
        self._keys = keys
        self._messenger = messenger

    async def say(self, to: Source, view: View) -> int:
        """Answer a user's message; returns the id of the bot's message."""
        known = await self.find(to)
        if known is not None and await self._messenger.edit(to.chat_id, known, view):
            return known
        sent = await self._messenger.send(to, view)
        await self.remember(to, sent)
        return sent

    async def find(self, to: Source) -> int | None:
        """Return the id of the bot's message that answers a user's message, if it was answered."""
        known = await self._redis.get(self._keys.reply(to.chat_id, to.message_id))
        return int(known) if known is not None else None

    async def remember(self, to: Source, message_id: int) -> None:
        """Let a message of the bot's be the answer to a user's message from now on."""
        await self._redis.set(self._keys.reply(to.chat_id, to.message_id), message_id, ex=REMEMBERED)

    async def speaks_for_album(self, to: Source, album_id: str) -> bool:
        """Whether this message of an album is the one that gets the answer for all of them."""
        key = self._keys.album(to.chat_id, album_id)
        await self._redis.set(key, to.message_id, nx=True, ex=REMEMBERED)
        return int(await self._redis.get(key) or 0) == to.message_id
