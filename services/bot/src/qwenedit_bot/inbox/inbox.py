"""Keeps updates in Redis from the moment Telegram may forget them until they are handled."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from qwenedit_bot.chat.actors import actor_in, event_in, is_about_money, kind_of
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_jobs.lanes import Lanes

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_jobs.lanes import Entry

WAITING = 20
"""Messages of one sender that may wait in a chat; those beyond are answered together, once."""

_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half of a surrogate pair, perhaps a lone one: the decoder tells which."""


@dataclass(frozen=True, slots=True)
class ReceivedUpdate:
    """One update as Telegram sent it, or a whole album of them."""

    raw: dict[str, Any]
    refused: bool = False
    """Whether it exceeded its sender's share, maybe with more of theirs, and wasn't taken."""

    @property
    def update_id(self) -> int:
        """Telegram's number of the update."""
        return int(self.raw.get("update_id", 0))

    @property
    def album(self) -> list[dict[str, Any]]:
        """The updates of an album in the order in which it was sent; empty if this isn't an album."""
        return self.raw.get("album") or []

    @property
    def kind(self) -> str:
        """See `kind_of`."""
        return kind_of(self.raw)


class Inbox:
    """The lanes between the receiver of updates and the handlers. Stores updates that it `admits`, then sets `wake`."""

    personal_data = (
        PersonalData(
            "messages and presses that wait",
            "updates",
            until="they are handled",
            stays="they came after the request, or are being handled",
        ),
        PersonalData("messages and presses that couldn't be handled", "updates", until="`qwenedit aside drop`"),
        PersonalData("messages of an album, until it's complete", "album_prefix", seconds=timeouts.UPDATE),
    )

    def __init__(
        self,
        redis: Redis,
        keys: BotKeys,
        *,
        name: str,
        admits: Callable[[dict[str, Any]], bool] | None = None,
        wake: asyncio.Event | None = None,
    ) -> None:
        self.lanes = Lanes(redis, keys.updates, name=name)
        self._redis = redis
        self._keys = keys
        self._admits = admits
        self._wake = wake
        own = {"seen_prefix": keys.seen_prefix, "album_prefix": keys.album_prefix}
        self._scripts = self.lanes.scripts(Path(__file__).parent / "lua", own.get)

    async def take(self, updates: Iterable[dict[str, Any]]) -> int:
        """Store updates, dropping duplicates; returns how many were new.

        Updates of an album wait for each other; a late one follows alone. Updates beyond a sender's share of a chat
        are dropped, except for one entry that says so: the first that may be for the bot.

        Raises:
            RedisError: they may or may not be stored.
        """
        new = [_entry(update) for update in updates if self._admits is None or self._admits(update)]
        if not new:
            return 0
        window = round(timeouts.ALBUM * 1000)
        new_updates = int(await self._scripts.run("take", updates=new, remembered=timeouts.UPDATE, window=window))
        if new_updates and self._wake is not None:
            self._wake.set()
        return new_updates

    async def forget(self, user_id: int) -> None:
        """Forget a user's entries that were set aside."""
        for entry in await self.lanes.list_set_aside():
            if str(user_id) in (entry.sender, entry.lane):
                await self.lanes.drop_set_aside(entry.id)

    async def open(self, entry: Entry) -> ReceivedUpdate | None:
        """Read an entry; None if Redis no longer has its data.

        Raises:
            ValueError: it isn't an update.
        """
        raw = decoded(entry.payload)
        if "open_album" in raw:
            closed = {"id": entry.id, "album": str(raw["open_album"]), "remembered": timeouts.UPDATE}
            payload = await self._scripts.run("close_album", **closed)
            return ReceivedUpdate(decoded(payload)) if payload else None
        if "refused" in raw:
            return ReceivedUpdate(raw["refused"], refused=True)
        return ReceivedUpdate(raw)


def _entry(update: dict[str, Any]) -> dict[str, Any]:
    """Describe an update as `take.lua` reads it."""
    album, message = album_of(update)
    return {
        "id": str(update["update_id"]),
        "lane": lane_of(update),
        # Telegram waits ten seconds at most for an answer before a payment: it takes nobody's share.
        "sender": "" if "pre_checkout_query" in update else str(actor_in(update) or ""),
        "most": 0 if is_about_money(update) else WAITING,
        "calls": may_call(update),
        "album": album,
        "message": message,
        "update": json.dumps(update),
    }


def chat_of(raw: dict[str, Any]) -> int:
    """Return the ID of the chat that an update or album belongs to; 0 if there is none."""
    if kind_of(raw) == "album":
        return chat_of(raw["album"][0])
    match event_in(raw):
        case {"message": {"chat": {"id": int(chat)}}} | {"chat": {"id": int(chat)}} | {"from": {"id": int(chat)}}:
            return int(chat)  # `False` is one too, and no argument for Redis
    return 0


def may_call(raw: dict[str, Any]) -> bool:
    """Return whether an update may be for the bot: in a group, people mostly write to each other."""
    match event_in(raw):
        case {"chat": {"id": int(chat)}, **message} if chat < 0:
            text = str(message.get("text") or message.get("caption") or "")
            return text.startswith("/") or "@" in text
    return True


def lane_of(raw: dict[str, Any]) -> str:
    """Name the lane of an update: its chat. Pre-checkout queries time out in ten seconds, so they have their own."""
    return f"checkout:{actor_in(raw)}" if kind_of(raw) == "pre_checkout_query" else str(chat_of(raw))


def album_of(raw: dict[str, Any]) -> tuple[str, str]:
    """Return an update's album and message; empty if it isn't part of an album."""
    match raw.get("message"):
        case {"media_group_id": str(album), "chat": {"id": int(chat)}, "message_id": int(message)}:
            return f"{chat}:{album.encode(errors='backslashreplace').decode()}", str(message)
    return "", ""


def decoded(update: str) -> dict[str, Any]:
    """Read an update. Lone surrogates, which JSON can escape and nobody can encode, become question marks.

    Raises:
        ValueError: it isn't a JSON object.
    """
    raw = json.loads(update)
    if _ESCAPED_HALF.search(update):
        raw = json.loads(json.dumps(raw, ensure_ascii=False).encode(errors="replace"))
    if not isinstance(raw, dict):
        raise ValueError("an update is an object")  # noqa: TRY004 - callers expect a ValueError
    return cast("dict[str, Any]", raw)
