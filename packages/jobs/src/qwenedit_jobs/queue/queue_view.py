"""A read-only view of the queue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import structlog

from qwenedit_jobs.errors import UnreadableRecordError
from qwenedit_jobs.model import Counts, Memory
from qwenedit_jobs.queue.parsing import fields_in, status_of
from qwenedit_jobs.redis.scripts import Scripts, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.model import Status

SCRIPTS = Path(__file__).parent / "lua"
MOST_OF_ALL = 100_000
"""Jobs per state that are read; far more than the queue's limit."""
SHARE = 0.9
"""Share of Redis' `maxmemory` up to which photos and jobs are accepted, with room for the results of all unfinished
jobs. The rest is for small writes: a service needs some to say that there's no room."""
TIDY_SHARE = 0.75
"""Share of it that the janitor keeps to by deleting the pictures of answered jobs, oldest first."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the line, and jobs outside it."""

    length: int
    """Jobs in line."""
    positions: dict[str, int]
    """ID → place in line, from 1, in order."""
    others: tuple[str, ...]
    """Ids of jobs that run or pause between attempts."""


class QueueView:
    """A read-only view of the jobs. A job that this version can't read is left out.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self.name = keys.job_queue
        """The queue's name in traces and logs."""
        self._redis = redis
        self._keys = keys
        self._scripts = Scripts(redis, SCRIPTS, lambda name: str(getattr(keys, name)))
        self._run = self._scripts.run
        self._unreadable = dict[str, None]()

    async def status(self, job_id: str) -> Status | None:
        """Return a job; None if it's unknown, deleted or unreadable."""
        statuses = await self.statuses([job_id])
        return statuses[0] if statuses else None

    async def exists(self, job_id: str) -> bool:
        """Return whether a job is stored, even if it's unreadable."""
        return bool(await self._redis.exists(self._keys.job(job_id)))

    async def statuses(self, job_ids: Iterable[str]) -> list[Status]:
        """Return several jobs, in one round trip; forgotten and unreadable ones are left out."""
        ids = list(job_ids)
        hashes = await self._hashes(ids)
        statuses = [self._status(job_id, fields) for job_id, fields in zip(ids, hashes, strict=True)]
        return [status for status in statuses if status is not None]

    def _status(self, job_id: str, fields: dict[str, str] | str) -> Status | None:
        try:
            return status_of(fields, job_id) if fields else None
        except UnreadableRecordError as error:
            # A job that is shown to nobody must not keep the others from being shown.
            self._note_unreadable(job_id, str(error))
            return None

    async def _hashes(self, job_ids: Sequence[str]) -> list[dict[str, str] | str]:
        """Return each job's hash; if it's too large or of another type, the reason why it isn't read."""
        return [fields_in(each) for each in (await self._records(job_ids))["found"]]

    async def _records(self, job_ids: Sequence[str], *, accepted: bool = False) -> dict[str, Any]:
        if not job_ids:
            return {"found": [], "accepted": [], "older": 0}
        return named(await self._run("records", ids=job_ids, accepted=accepted, most=256 << 10, of_all=16 << 20))

    def _note_unreadable(self, job_id: str, why: str) -> None:
        if job_id in self._unreadable:
            return
        self._unreadable[job_id] = None
        if len(self._unreadable) > 1_000:
            del self._unreadable[next(iter(self._unreadable))]
        log.warning("queue.unreadable", job_id=job_id, error=why, remedy="qwenedit jobs show")

    async def waiting_ids(self) -> list[str]:
        """Return the ids in line, next one first."""
        view = named(await self._run("view", skip=0, count=MOST_OF_ALL))
        return list(reversed(view["line"]))

    async def window(self, *, skip: int, count: int, others: int) -> Window:
        """Return a part of the line and jobs outside it, at a cost that doesn't depend on the line's length.

        Args:
            skip: Number of next jobs to leave out.
            count: Jobs in line to return.
            others: Most jobs of each other state: running, on leaving pods, delayed.
        """
        view = named(await self._run("view", skip=skip, count=count, others=others))
        return Window(
            length=view["length"],
            positions={str(job_id): place for place, job_id in enumerate(reversed(view["line"]), skip + 1)},
            others=tuple(map(str, (*view["running"], *view["draining"], *view["delayed"]))),
        )

    async def positions_of(self, job_ids: Iterable[str]) -> dict[str, int]:
        """Return the places in line, from 1, of those jobs that are in line."""
        ids = list(job_ids)
        places = named(await self._run("view", ids=ids))["places"] if ids else []
        return {job_id: int(place) for job_id, place in zip(ids, places, strict=True) if int(place)}

    async def unfinished_ids(self) -> list[str]:
        """Return the ids of all jobs that wait, run or pause between attempts; those in line come first, in order."""
        view = named(await self._run("view", skip=0, count=MOST_OF_ALL, others=MOST_OF_ALL))
        return [*reversed(view["line"]), *view["running"], *view["draining"], *view["delayed"]]

    async def unfinished_ids_of(self, user_id: int) -> list[str]:
        """Return the ids of one user's unfinished jobs, in no order; at most 1,000."""
        # More are none of the bot's: anybody with a worker's password can write to a user's set.
        view = named(await self._run("view", user=str(user_id), most_of_user=1_000))
        return cast("list[str]", view["line"])

    async def memory(self) -> Memory:
        """Return Redis' memory usage."""
        reply = named(await self._run("make_room", bytes=0, share=1_000))  # so that no picture is deleted
        return Memory(reply["used"], reply["limit"], reply["kept_free"])

    async def counts(self) -> Counts:
        """Count the jobs in each state, atomically."""
        view = named(await self._run("view", counts=True))
        return Counts(
            waiting=view["length"],
            running=view["running"],
            draining=view["draining"],
            delayed=view["delayed"],
            dead=view["dead"],
            paused=bool(view["paused"]),
        )

    async def is_idle(self) -> bool:
        """Whether no job waits, runs or pauses."""
        keys = self._keys
        return not await self._redis.exists(keys.job_queue, keys.held, keys.leases, keys.draining, keys.delayed)

    async def count_waiting(self) -> int:
        """Count the jobs that wait in line or between attempts."""
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.llen(self._keys.job_queue)
        pipeline.llen(self._keys.held)
        pipeline.zcard(self._keys.delayed)
        return sum(await pipeline.execute())


def milliseconds(seconds: float) -> int:
    """Return a duration as scripts get it."""
    return round(seconds * 1000)
