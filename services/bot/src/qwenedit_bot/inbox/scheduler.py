"""Dispatches updates, answers and requests to their handlers: in order within a chat, round-robin across chats.

A held entry is being handled now. An entry that waits for the rate limit, a retry or a converter holds no slot: it's
parked in Redis with a due time.
"""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.chat.errors import LaterError, TelegramUnavailableError
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.waiting import described
from qwenedit_jobs import PictureStoreUnavailableError, durations
from qwenedit_jobs.backoff import Backoff, pause, pause_after
from qwenedit_jobs.redis.ending import end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from qwenedit_jobs.lanes import Entry, Lanes

SHOWN_BY = "`qwenedit aside list` shows it"

T = TypeVar("T")
log = structlog.get_logger(__name__)


class PoisonError(Exception):
    """An entry can't be read; a retry wouldn't help."""


class Work(Protocol):
    """Handles an entry. It may be called again at any time, so it must be idempotent."""

    async def __call__(self, entry: Entry, /) -> None:
        """Handle the entry.

        Raises:
            LaterError: a scarce resource is taken now.
            TelegramUnavailableError: Telegram didn't take it.
            PictureStoreUnavailableError: the picture store didn't answer.
            PoisonError: the entry can't be read.
        """

    def about(self, entry: Entry, /) -> Mapping[str, str]:
        """Describe the entry as fields of a log line, without users' words or IDs."""

    @property
    def patience(self) -> int | None:
        """Failed attempts after which the bot gives up and tells the user; None if it never does."""

    async def apologise(self, entry: Entry, /) -> None:
        """Tell the chat that it failed, and refund it. Raises what a call raises."""


class Scheduler:
    """Passes the entries of lanes to `work`.

    After a crash or a stop, the next start or another replica handles the entry. At most `slots` entries are held.
    `wake` is set when one is added. If `ordered`, later entries of a chat wait for a failed one.
    """

    def __init__(self, lanes: Lanes, work: Work, *, name: str, slots: int, wake: asyncio.Event, ordered: bool) -> None:
        self._lanes = lanes
        self._work = work
        self._slots = slots
        self._wake = wake
        self._ordered = ordered
        self._in_hand: dict[str, Entry] = {}
        self._log = log.bind(lanes=name)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until the stop event, then finish the held entries."""
        async with asyncio.TaskGroup() as tasks:
            beside = [tasks.create_task(self._hold()), tasks.create_task(self._wake_at(stop))]
            working: set[asyncio.Task[None]] = set()
            await self._take(stop, tasks, working)
            if working:
                _done, late = await asyncio.wait(working, timeout=timeouts.DRAIN)
                if late:
                    self._log.warning("scheduler.left_for_next_start", entries=len(late))
                    await end(late)
            await end(beside)

    async def _take(self, stop: asyncio.Event, tasks: asyncio.TaskGroup, working: set[asyncio.Task[None]]) -> None:
        backoff, reclaimed = Backoff(), False
        while not stop.is_set():
            room, wait = self._slots - len(self._in_hand), timeouts.LANES_IDLE
            self._wake.clear()
            if room > 0:
                try:
                    if not reclaimed:  # entries held at a crash need not wait until the hold expires
                        await self._lanes.release_own_holds()
                        reclaimed = True
                    entries, due = await self._lanes.next(room)
                except RedisError as error:
                    seconds = backoff.next()
                    if seconds > 0:
                        self._log.warning("scheduler.redis_unavailable", error=error, next_in=round(seconds, 1))
                    await pause(stop, seconds)
                    continue
                backoff.reset()
                for entry in entries:
                    self._begin(entry, tasks, working)
                if due is not None and len(entries) < room:  # else one of them ends first, which wakes
                    wait = min(timeouts.LANES_IDLE, due)
            await asyncio.sleep(0.005 if wait <= 0 else 0)
            await pause(self._wake, wait)

    def _begin(self, entry: Entry, tasks: asyncio.TaskGroup, working: set[asyncio.Task[None]]) -> None:
        known = entry.id in self._in_hand  # this process was stalled for longer than its hold
        self._in_hand[entry.id] = entry
        if not known:
            task = tasks.create_task(self._work_off(entry))
            working.add(task)
            task.add_done_callback(working.discard)

    async def _work_off(self, entry: Entry) -> None:
        settled, more = False, True
        try:
            more = await self._attempt(entry)
            settled = True
        finally:
            held = self._in_hand.pop(entry.id)
            if more:
                self._wake.set()
            if not settled:  # the process stops: the next holder need not wait until the hold expires
                with suppress(RedisError):
                    await asyncio.shield(self._lanes.park(held, 0.0))

    async def _attempt(self, entry: Entry) -> bool:
        """Handle an entry; returns whether this made room for another one."""
        try:
            await self._work(entry)
            return (await self._settle(entry, self._lanes.done)).more
        except LaterError as later:
            await self._park(entry, later.after, apart=later.apart, why=later.what)
        except (TelegramUnavailableError, PictureStoreUnavailableError) as error:
            await self._fail(entry, error)
        except RedisError as error:
            seconds = timeouts.REDIS_PAUSE * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, keeps no secret
            cause = f"{type(error).__name__}: {error}"
            self._say_retry(entry, cause, seconds)
            await self._park(entry, seconds, why=cause)
        except PoisonError as error:
            self._log.warning("scheduler.unreadable", entry=entry.id, note=SHOWN_BY)
            why = described(error.__cause__ or error)
            await self._settle(entry, lambda held: self._lanes.set_aside(held, why))
        except Exception as error:  # noqa: BLE001 - one entry's defect must not stop the others
            about, said = self._work.about(entry), described(error)
            self._log.error("scheduler.defect", entry=entry.id, **about, attempt=entry.failures + 1, **said)
            if entry.failures >= 2:
                await self._apologised(entry)
                self._log.error("scheduler.set_aside", entry=entry.id, **about, note=SHOWN_BY)
                await self._settle(entry, lambda held: self._lanes.set_aside(held, said))
            else:
                await self._park(entry, _pause_after(entry), failed=True, why=said.get("error", ""))
        return True

    async def _fail(self, entry: Entry, error: TelegramUnavailableError | PictureStoreUnavailableError) -> None:
        seconds = _pause_after(entry)
        kind, status = type(error).__name__, str(error)
        self._say_retry(entry, kind, seconds, status=status, failures=entry.failures + 1)
        patience = self._work.patience
        if patience is not None and entry.failures + 1 >= patience and await self._apologised(entry):
            self._log.error("scheduler.gave_up", entry=entry.id, failures=entry.failures + 1)
            await self._settle(entry, self._lanes.done)
        else:
            await self._park(entry, seconds, failed=True, why=f"{kind}: {status}" if status else kind)

    def _say_retry(self, entry: Entry, error: str, seconds: float, **more: str | int) -> None:
        about = self._work.about(entry)
        self._log.warning("scheduler.retry", entry=entry.id, **about, error=error, **more, next_in=round(seconds, 1))

    async def _apologised(self, entry: Entry) -> bool:
        try:
            await self._work.apologise(entry)
        except Exception as error:  # noqa: BLE001 - the entry itself could not be worked off, so this may fail as well
            self._log.warning("scheduler.apology_failed", entry=entry.id, **described(error))
            return False
        return True

    async def _park(
        self, entry: Entry, seconds: float, *, failed: bool = False, apart: bool = False, why: str = ""
    ) -> None:
        alone = apart or (failed and not self._ordered)
        await self._settle(entry, lambda held: self._lanes.park(held, seconds, failed=failed, alone=alone, why=why))

    async def _settle(self, entry: Entry, call: Callable[[Entry], Awaitable[T]]) -> T:
        """Record an entry's result, as it's held now: after a stall longer than its hold it was taken once more.

        It's retried until Redis takes it, and nothing else runs meanwhile.
        """
        backoff = Backoff()
        while True:
            try:
                return await call(self._in_hand.get(entry.id, entry))
            except RedisError as error:
                self._log.info("scheduler.note_failed", error=error)
                await asyncio.sleep(backoff.next())

    async def _hold(self) -> None:
        while True:
            await asyncio.sleep(durations.LANE_HOLD / 3)
            try:
                await self._lanes.renew(self._in_hand.values())
            except RedisError as error:
                self._log.info("scheduler.hold_failed", error=error)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()


def _pause_after(entry: Entry) -> float:
    return pause_after(entry.failures + 1, first=timeouts.RETRY_FIRST_PAUSE, longest=timeouts.RETRY_LONGEST_PAUSE)
