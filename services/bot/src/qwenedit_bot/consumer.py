"""Work from a Redis stream: each entry at least once, entries of one chat one after another."""

from __future__ import annotations

import asyncio
import time
from bisect import insort
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import structlog
from redis.exceptions import RedisError, ResponseError

from qwenedit_bot.errors import LaterError, TelegramUnavailableError
from qwenedit_bot.loops import Backoff, described, pause, unless

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Iterable

BLOCK = 1.0
"""Seconds that a read waits for the first entry; also how long a stop may take to be seen."""
ABANDONED_AFTER = 30.0
"""Seconds without a sign of life after which another replica's entries are taken over."""
HOLD_EVERY = 10.0
"""Seconds between signs of life for the entries in hand."""
DRAIN = 10.0
"""Seconds that entries in hand have at a stop; what is not done then is done after the next start."""
RECLAIMED_AT_LEAST = 10
"""Abandoned entries that are looked for at a time."""
DEFECT_ATTEMPTS = 3
"""Attempts at an entry that runs into a defect of ours, before it is dropped."""

log = structlog.get_logger(__name__)


class Entry(Protocol):
    """An entry of a stream."""

    @property
    def entry(self) -> str:
        """Its id in the stream."""


E = TypeVar("E", bound=Entry)


class Stream(Protocol[E]):
    """A stream read by a consumer group. `qwenedit_jobs.Events` is one."""

    async def prepare(self) -> None:
        """Create the group; harmless when it exists."""

    async def mine(self, *, count: int) -> list[E]:
        """Return what this consumer received and has not acknowledged."""

    async def read(self, *, count: int, block: float) -> list[E]:
        """Return new entries, waiting up to `block` seconds for the first."""

    async def reclaim(self, *, idle: float, count: int) -> list[E]:
        """Take over what another consumer has held without a sign of life for `idle` seconds."""

    async def hold(self, entries: Iterable[E]) -> None:
        """Give a sign of life for entries in hand."""

    async def acknowledge(self, entry: E, /) -> None:
        """Drop an entry that is done with."""

    async def server(self) -> str:
        """Name the Redis that has the stream. Another one, at the same address, may lack the last moments."""


class Consumer(Generic[E]):
    """Feeds a stream's entries to a handler and acknowledges them when it returns.

    A handler that cannot reach Redis or Telegram is called again, with growing pauses; a crash or a stop at any
    point leaves the entry to the next start or to another replica. Handlers are therefore repeatable.

    Args:
        stream: Where the entries come from.
        handle: Does the work.
        lane: Entries with the same lane are handled in order, those of different lanes side by side.
        name: For the log.
        concurrency: Most entries in hand.
        give_up_after: Seconds of trying after which an entry is dropped; None tries for ever.
        due: Whether an entry's turn has come, where entries of a lane may be with other consumers.
    """

    def __init__(
        self,
        stream: Stream[E],
        handle: Callable[[E], Awaitable[None]],
        *,
        lane: Callable[[E], Hashable],
        name: str,
        concurrency: int,
        give_up_after: float | None,
        due: Callable[[E], Awaitable[bool]] | None = None,
    ) -> None:
        self._stream = stream
        self._handle = handle
        self._lane = lane
        self._name = name
        self._concurrency = concurrency
        self._give_up_after = give_up_after
        self._due = due
        self._lanes: dict[Hashable, list[E]] = {}
        self._in_hand: dict[str, E] = {}
        self._server = ""
        self._freed = asyncio.Event()
        self._log = log.bind(consumer=name)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until the wish to stop comes, then finish what is in hand."""
        async with asyncio.TaskGroup() as tasks:
            holder = tasks.create_task(self._hold())
            lanes: set[asyncio.Task[None]] = set()
            await self._consume(stop, tasks, lanes)
            if lanes:
                _done, late = await asyncio.wait(lanes, timeout=DRAIN)
                for lane in late:
                    lane.cancel()
                if late:
                    self._log.warning("consumer.left_for_next_start", entries=len(self._in_hand))
            holder.cancel()

    async def _consume(self, stop: asyncio.Event, tasks: asyncio.TaskGroup, lanes: set[asyncio.Task[None]]) -> None:
        backoff = Backoff()
        fresh = True
        reclaimed_at = time.monotonic()
        while not stop.is_set():
            room = self._concurrency - len(self._in_hand)
            look_for_abandoned = time.monotonic() - reclaimed_at > ABANDONED_AFTER / 3
            if room <= 0 and not look_for_abandoned:
                await self._wait_for_room(stop)
                continue
            try:
                if fresh:
                    # What was sent to this name and not acknowledged: before a crash, or in a reply that was lost.
                    await self._stream.prepare()
                    self._server = await self._stream.server()
                    entries = await self._stream.mine(count=self._concurrency)
                elif look_for_abandoned:
                    # Also without room: what is in hand may wait for the turn of an abandoned entry.
                    entries = await self._stream.reclaim(idle=ABANDONED_AFTER, count=max(room, RECLAIMED_AT_LEAST))
                    reclaimed_at = time.monotonic()
                else:
                    entries = await self._stream.read(count=room, block=BLOCK)
                fresh = False
            except RedisError as error:
                wait = backoff.next()
                lost_group = isinstance(error, ResponseError) and str(error).startswith("NOGROUP")
                if wait > 0 and not lost_group:
                    self._log.warning("consumer.redis_unavailable", error=type(error).__name__, next_in=round(wait, 1))
                fresh = True
                await pause(stop, wait)
                continue
            backoff.reset()
            for entry in entries:
                self._take(entry, stop, tasks, lanes)
            if entries:
                await asyncio.sleep(0)  # they begin before the next ones are asked for

    def _take(self, entry: E, stop: asyncio.Event, tasks: asyncio.TaskGroup, lanes: set[asyncio.Task[None]]) -> None:
        if entry.entry in self._in_hand:
            return
        self._in_hand[entry.entry] = entry
        key = self._lane(entry)
        waiting = self._lanes.get(key)
        if waiting is not None:
            insort(waiting, entry, key=_place)  # one that another consumer abandoned may be older
            return
        self._lanes[key] = [entry]
        lane = tasks.create_task(self._run_lane(key, stop))
        lanes.add(lane)
        lane.add_done_callback(lanes.discard)

    async def _run_lane(self, key: Hashable, stop: asyncio.Event) -> None:
        waiting = self._lanes[key]
        backoff = Backoff(first=0.02, longest=0.5)
        try:
            while waiting:
                entry = waiting[0]
                if not await self._may_begin(entry):
                    if await pause(stop, backoff.next()):
                        return
                    continue
                backoff.reset()
                if not await self._finish(entry, stop):
                    return
                waiting.remove(entry)
                del self._in_hand[entry.entry]
                self._freed.set()
        finally:
            del self._lanes[key]
            for entry in waiting:
                self._in_hand.pop(entry.entry, None)

    async def _may_begin(self, entry: E) -> bool:
        try:
            return self._due is None or await self._due(entry)
        except RedisError as error:
            self._log.info("consumer.turn_unknown", entry=entry.entry, error=type(error).__name__)
            return False

    async def _finish(self, entry: E, stop: asyncio.Event) -> bool:
        """Handle and acknowledge; False when the stop came first."""
        started = time.monotonic()
        server = self._server
        backoff = Backoff(first=0.5, longest=30.0)
        defects = 0
        handled = False
        while True:
            try:
                if not handled:
                    await self._handle(entry)
                    handled = True
                await self._stream.acknowledge(entry)
                if (now := await self._stream.server()) != server:
                    # The acknowledgement may have reached one Redis, and what it stands for been lost with another.
                    self._log.info("consumer.again", entry=entry.entry, error="Redis was replaced")
                    self._server = server = now
                    handled = False
                    continue
            except (RedisError, TelegramUnavailableError, LaterError) as error:
                self._log.warning("consumer.again", entry=entry.entry, error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - one entry's defect must not stop the others
                defects += 1
                self._log.error("consumer.defect", entry=entry.entry, attempt=defects, **described(error))
                handled = defects >= DEFECT_ATTEMPTS
            else:
                return True
            if self._give_up_after is not None and time.monotonic() - started > self._give_up_after and not handled:
                self._log.error("consumer.gave_up", entry=entry.entry, after=round(time.monotonic() - started))
                handled = True
            if await pause(stop, backoff.next()):
                return False

    async def _wait_for_room(self, stop: asyncio.Event) -> None:
        self._freed.clear()
        try:
            async with asyncio.timeout(BLOCK):
                await unless(stop, self._freed.wait())
        except TimeoutError:
            return

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(HOLD_EVERY)
            if self._in_hand:
                try:
                    await self._stream.hold(list(self._in_hand.values()))
                except RedisError as error:
                    self._log.info("consumer.not_held", error=type(error).__name__)


def _place(entry: Entry) -> tuple[int, ...]:
    """Where an entry stands in its stream."""
    return tuple(map(int, entry.entry.split("-")))
