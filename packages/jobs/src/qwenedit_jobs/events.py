"""The stream of terminal events, read by all bot replicas as one consumer group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from qwenedit_jobs.groups import ensure_group
from qwenedit_jobs.identity import identity
from qwenedit_jobs.model import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

GROUP = "bot"

_Entries: TypeAlias = "list[tuple[str, dict[str, str]]]"


@dataclass(frozen=True, slots=True)
class Event:
    """A job reached a final state. May come more than once: consumers dedupe by job id."""

    entry: str
    """Id of the stream entry."""
    job_id: str
    state: State


class Events:
    """Terminal events, at least once each.

    Args:
        redis: A client that decodes replies and waits at least `block` longer than its time-out.
        keys: The installation's key names.
        consumer: This replica's name.
    """

    def __init__(self, redis: Redis, keys: Keys, *, consumer: str) -> None:
        self._redis = redis
        self._key = keys.events
        self._consumer = consumer

    async def prepare(self) -> None:
        """Create the consumer group, from the stream's beginning; harmless when it exists."""
        await ensure_group(self._redis, self._key, GROUP)

    async def read(self, *, count: int, block: float) -> list[Event]:
        """Return new events, waiting up to `block` seconds for the first.

        Raises:
            ResponseError: NOGROUP, when Redis lost its data since `prepare`; prepare again.
        """
        return await self._read(">", count=count, block=round(block * 1000))

    async def mine(self, *, count: int) -> list[Event]:
        """Return events that this consumer received and has not acknowledged: before a crash, or in a lost reply.

        Raises:
            ResponseError: NOGROUP, as `read` does.
        """
        return await self._read("0", count=count, block=None)

    async def reclaim(self, *, idle: float, count: int) -> list[Event]:
        """Take over events that a replica received and has not acknowledged for `idle` seconds."""
        _next, entries, *_deleted = await self._redis.xautoclaim(
            self._key, GROUP, self._consumer, round(idle * 1000), count=count
        )
        return _events(entries)

    async def hold(self, events: Iterable[Event]) -> None:
        """Give a sign of life for events in hand, so that no replica reclaims them."""
        await self._redis.xclaim(self._key, GROUP, self._consumer, 0, [event.entry for event in events], justid=True)

    async def acknowledge(self, event: Event) -> None:
        """Drop an event whose answer has reached the user."""
        # No transaction: over `maxmemory` Redis refuses them, and each half may be repeated.
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.xack(self._key, GROUP, event.entry)
        pipeline.xdel(self._key, event.entry)
        await pipeline.execute()

    async def server(self) -> str:
        """Name the Redis that has the stream."""
        return await identity(self._redis)

    async def _read(self, start: str, *, count: int, block: int | None) -> list[Event]:
        reply = await self._redis.xreadgroup(GROUP, self._consumer, {self._key: start}, count=count, block=block)
        streams = cast("list[tuple[str, _Entries]]", reply)
        return [event for _key, entries in streams for event in _events(entries)]


def _events(entries: _Entries) -> list[Event]:
    return [Event(entry, fields["id"], State(fields["state"])) for entry, fields in entries if fields]
