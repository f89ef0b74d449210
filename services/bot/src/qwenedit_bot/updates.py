"""Updates on their way: kept in Redis from the moment Telegram may forget them until they are handled."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, cast

from qwenedit_jobs.groups import ensure_group

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys

GROUP = "bot"
REMEMBERED = 86_400
"""Seconds that an update's id is remembered: as long as Telegram keeps undelivered updates."""

KINDS = ("message", "callback_query")
"""What is asked for and handled (https://core.telegram.org/bots/api#update)."""


@dataclass(frozen=True, slots=True)
class ReceivedUpdate:
    """One update as Telegram sent it."""

    entry: str
    """Id of the stream entry."""
    raw: dict[str, Any]

    @property
    def update_id(self) -> int:
        """Telegram's number of the update."""
        return int(self.raw.get("update_id", 0))

    @property
    def kind(self) -> str:
        """One of `KINDS`, or `other`."""
        return next((kind for kind in KINDS if kind in self.raw), "other")

    @property
    def chat(self) -> int:
        """Id of the chat it belongs to; 0 where there is none."""
        event = self.raw.get(self.kind) or {}
        message = event.get("message", event)
        chat = message.get("chat") or event.get("from") or {}
        return int(chat.get("id", 0))


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
        self._seen_prefix = keys.seen_prefix
        self._consumer = consumer
        self._script = redis.register_script((files("qwenedit_bot") / "lua" / "take.lua").read_text())

    async def take(self, updates: Iterable[dict[str, Any]]) -> int:
        """Keep updates, each once however often it comes; returns how many were new."""
        arguments = [argument for update in updates for argument in (str(update["update_id"]), json.dumps(update))]
        return int(await self._script(keys=(self._key,), args=(self._seen_prefix, REMEMBERED, *arguments)))

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
        # No transaction: over `maxmemory` Redis refuses them, and each half may be repeated.
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.xack(self._key, GROUP, update.entry)
        pipeline.xdel(self._key, update.entry)
        await pipeline.execute()

    async def _read(self, start: str, *, count: int, block: int | None) -> list[ReceivedUpdate]:
        reply = await self._redis.xreadgroup(GROUP, self._consumer, {self._key: start}, count=count, block=block)
        streams = cast("list[tuple[str, list[tuple[str, dict[str, str]]]]]", reply)
        return [update for _key, entries in streams for update in _received(entries)]


def _received(entries: list[tuple[str, dict[str, str]]]) -> list[ReceivedUpdate]:
    return [ReceivedUpdate(entry, json.loads(fields["update"])) for entry, fields in entries if fields]
