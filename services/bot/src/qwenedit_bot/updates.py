"""Updates on their way: kept in Redis from the moment Telegram may forget them until they are handled."""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from qwenedit_bot.recent import Recent
from qwenedit_jobs.groups import ensure_group
from qwenedit_jobs.identity import identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys

GROUP = "bot"
REMEMBERED = 86_400
"""Seconds that an update's id is remembered: as long as Telegram keeps undelivered updates."""
MOST_RECENT = 16 * 1024 * 1024
"""Bytes of compressed updates that this process remembers, should Redis forget them."""
AT_ONCE = 100
"""Updates that one call takes again."""

ALBUM_WINDOW = 0.8
"""Seconds after a message of an album within which the next one comes: Telegram delivers them together, and never says
which is the last."""
ALBUM_TICK = 0.4
"""Seconds between two looks for albums that are whole."""

KINDS = ("message", "callback_query", "pre_checkout_query")
"""What is asked for and handled (https://core.telegram.org/bots/api#update)."""


_ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half a character, or half of a pair that is one: to tell is the decoder's business."""

CHECKOUTS = 1
"""Stands for the chat of questions before payments, which belong to none; no chat has this id."""


@dataclass(frozen=True, slots=True)
class ReceivedUpdate:
    """One update as Telegram sent it."""

    entry: str
    """Id of the stream entry."""
    raw: dict[str, Any]
    first: bool = False
    """Whether no earlier update of its chat was left when it was taken."""

    @property
    def update_id(self) -> int:
        """Telegram's number of the update."""
        return int(self.raw.get("update_id", 0))

    @property
    def album(self) -> list[dict[str, Any]]:
        """The updates of a whole album in the order in which it was sent; none where this is not one."""
        return self.raw.get("album") or []

    @property
    def kind(self) -> str:
        """One of `KINDS`, `album`, or `other`."""
        return _kind(self.raw)

    @property
    def chat(self) -> int:
        """Id of the chat it belongs to; 0 where there is none."""
        return chat_of(self.raw)


def chat_of(raw: dict[str, Any]) -> int:
    """Return the id of the chat that an update, or a whole album, belongs to; 0 where there is none."""
    if _kind(raw) == "album":
        return chat_of(raw["album"][0])
    if _kind(raw) == "pre_checkout_query":
        return CHECKOUTS  # in a line of their own: they have ten seconds, and wait for no photo
    event = _fields(raw.get(_kind(raw)))
    message = _fields(event.get("message", event))
    chat = _fields(message.get("chat") or event.get("from"))
    chat_id = chat.get("id", 0)
    return chat_id if type(chat_id) is int else 0  # and not False, which is an int too and no argument for Redis


def _fields(value: Any) -> dict[str, Any]:
    """Whatever it is that came: here nobody has held it against a model yet."""
    return value if isinstance(value, dict) else {}


def _kind(raw: dict[str, Any]) -> str:
    return next((kind for kind in ("album", *KINDS) if kind in raw), "other")


def _album_of(raw: dict[str, Any]) -> tuple[str, str]:
    """Name the album of which an update brings a message, and the message; empty for all others."""
    match raw.get("message"):
        case {"media_group_id": str(album), "chat": {"id": int(chat)}, "message_id": int(message)}:
            return f"{chat}:{album.encode(errors='backslashreplace').decode()}", str(message)
    return "", ""


class UpdateStream:
    """The stream between whoever receives updates and the handlers.

    Args:
        redis: A client that decodes replies and waits at least `block` longer than its time-out.
        keys: The bot's keys.
        consumer: This replica's name.
    """

    def __init__(self, redis: Redis, keys: BotKeys, *, consumer: str) -> None:
        self._redis = redis
        self._key = keys.updates
        self._open_albums = keys.open_albums
        self._prefixes = (keys.seen_prefix, keys.chat_line_prefix, keys.album_prefix)
        self._consumer = consumer
        self._recent: Recent[str, bytes] = Recent(most=MOST_RECENT, weigh=len)
        scripts = files("qwenedit_bot") / "lua"
        self._script, self._due, self._done, self._close = (
            redis.register_script((scripts / f"{name}.lua").read_text())
            for name in ("take", "due", "done", "close_albums")
        )

    async def take(self, updates: Iterable[dict[str, Any]]) -> int:
        """Keep updates, each once however often it comes; returns how many were new.

        Those of an album wait for each other. One that comes when its album is closed follows alone.
        """
        received = [(str(update["update_id"]), json.dumps(update)) for update in updates]
        taken = await self._take(received)
        for update_id, update in received:
            self._recent.note(update_id, zlib.compress(update.encode(), level=1))
        return taken

    async def take_again(self) -> int:
        """Keep again what this process took lately and Redis has forgotten; returns how many updates that were."""
        recent = [(update_id, zlib.decompress(update).decode()) for update_id, update in self._recent.items()]
        return sum([await self._take(recent[start : start + AT_ONCE]) for start in range(0, len(recent), AT_ONCE)])

    async def _take(self, received: list[tuple[str, str]]) -> int:
        arguments: list[str | int] = [*self._prefixes, REMEMBERED, round(ALBUM_WINDOW * 1000)]
        for update_id, update in received:
            raw = json.loads(update)
            arguments += (update_id, chat_of(raw), update, *_album_of(raw))
        return int(await self._script(keys=(self._key, self._open_albums), args=arguments))

    async def close_albums(self) -> None:
        """Let whole albums follow as one update each; every replica may do so at the same time."""
        await self._close(keys=(self._open_albums, self._key), args=(*self._prefixes[1:], REMEMBERED))

    async def prepare(self) -> None:
        """Create the consumer group, from the stream's beginning; harmless when it exists."""
        await ensure_group(self._redis, self._key, GROUP)

    async def mine(self, *, count: int) -> list[ReceivedUpdate]:
        """Return what this consumer received and has not acknowledged, oldest first."""
        return await self._read("0", count=count, block=None)

    async def read(self, *, count: int, block: float) -> list[ReceivedUpdate]:
        """Return new updates, waiting up to `block` seconds for the first."""
        return await self._read(">", count=count, block=round(block * 1000))

    async def reclaim(self, *, idle: float, count: int) -> list[ReceivedUpdate]:
        """Take over updates of a replica that gave no sign of life for `idle` seconds."""
        _next, entries, *_deleted = await self._redis.xautoclaim(
            self._key, GROUP, self._consumer, round(idle * 1000), count=count
        )
        return _received(entries)

    async def hold(self, updates: Iterable[ReceivedUpdate]) -> None:
        """Give a sign of life for updates in hand."""
        await self._redis.xclaim(self._key, GROUP, self._consumer, 0, [update.entry for update in updates], justid=True)

    async def acknowledge(self, update: ReceivedUpdate) -> None:
        """Drop an update that is handled."""
        await self._done(keys=(self._key, self._line(update)), args=(GROUP, update.entry))

    async def server(self) -> str:
        """Name the Redis that has the stream."""
        return await identity(self._redis)

    async def due(self, update: ReceivedUpdate) -> bool:
        """Whether all earlier updates of its chat are handled, whichever replica has them."""
        return update.first or bool(await self._due(keys=(self._key, self._line(update)), args=(update.entry,)))

    def _line(self, update: ReceivedUpdate) -> str:
        return f"{self._prefixes[1]}{update.chat}"

    async def _read(self, start: str, *, count: int, block: int | None) -> list[ReceivedUpdate]:
        reply = await self._redis.xreadgroup(GROUP, self._consumer, {self._key: start}, count=count, block=block)
        streams = cast("list[tuple[str, list[tuple[str, dict[str, str]]]]]", reply)
        return [update for _key, entries in streams for update in _received(entries)]


def _received(entries: list[tuple[str, dict[str, str]]]) -> list[ReceivedUpdate]:
    return [
        ReceivedUpdate(entry, decoded(fields["update"]), first=bool(fields.get("first")))
        for entry, fields in entries
        if fields
    ]


def decoded(update: str) -> dict[str, Any]:
    """Read an update; halves of characters, which JSON can escape and nobody can encode, become question marks."""
    raw = json.loads(update)
    if _ESCAPED_HALF.search(update):
        raw = json.loads(json.dumps(raw, ensure_ascii=False).encode(errors="replace"))
    return cast("dict[str, Any]", raw)
