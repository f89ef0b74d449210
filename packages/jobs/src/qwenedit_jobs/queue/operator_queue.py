"""Operators' transitions of the queue, and the erasure of a user's jobs."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from qwenedit_jobs.model import State
from qwenedit_jobs.queue.intake import Intake
from qwenedit_jobs.queue.job_records import JobRecord, record_of
from qwenedit_jobs.queue.parsing import known, whole
from qwenedit_jobs.queue.queue_view import MOST_OF_ALL
from qwenedit_jobs.redis.scripts import named

if TYPE_CHECKING:
    from collections.abc import Iterable

_GLOB = re.compile(r"[*?\[\]^\\]")
_ESCAPED = r"\\\g<0>"


class Requeued(StrEnum):
    """Result of requeueing a job."""

    QUEUED = "queued"
    """It's back in line. A job that waited stays in its place."""
    DONE = "done"
    CANCELLED = "cancelled"
    """It was before, or its user had asked for that and its worker had not answered."""
    UNKNOWN = "unknown"


class OperatorQueue(Intake):
    """The queue with operators' transitions."""

    async def pause(self) -> tuple[bool, float]:
        """Start no jobs until `resume`. Running jobs finish; new jobs are accepted and wait.

        Returns:
            Whether this call paused the queue, and since when it is paused, in seconds since the epoch.
        """
        reply = named(await self._run("pause", on=True))
        return bool(reply["changed"]), _seconds(reply["since"])

    async def resume(self) -> bool:
        """End a pause; False if there was none."""
        return bool(named(await self._run("pause", on=False))["changed"])

    async def paused_since(self) -> float | None:
        """Return when the queue was paused, in seconds since the epoch; None if it isn't, 0 if malformed."""
        since = await self._redis.get(self._keys.paused)
        return _seconds(str(since)) if since is not None else None

    async def requeue(self, job_id: str) -> tuple[Requeued, State | None]:
        """Return a job to the line: a running one is taken from its worker, a failed one starts over.

        Returns:
            The result, and its previous state if that changed.
        """
        reply = named(await self._run("requeue", id=job_id))
        before = State(reply["before"]) if "before" in reply else None
        return known(Requeued, reply["outcome"], Requeued.UNKNOWN), before

    async def drop(self, job_id: str) -> bool:
        """Delete a dead job; False if there's none."""
        return bool(await self._run("forget", id=job_id, which="dead"))

    async def forget_job(self, job_id: str) -> bool:
        """Erase an answered job with its pictures; False if it isn't answered yet."""
        return bool(await self._run("forget", id=job_id, which="answered"))

    async def erase_unreadable(self, job_id: str) -> bool:
        """Erase a job that this version can't read, whatever its state; False if there's none.

        It gets no answer. A worker that runs it learns that its lease is lost.
        """
        return bool(await self._run("forget", id=job_id, which="any"))

    # ---------------------------------------------------------------- looking

    async def now(self) -> float:
        """Redis' time, in seconds since the epoch."""
        seconds, microseconds = await self._redis.time()
        return float(seconds + microseconds / 1e6)

    async def ids_by_state(self) -> dict[State, list[str]]:
        """Return the IDs of jobs by state: waiting (next one first), running, delayed, dead (newest first)."""
        view = named(await self._run("view", skip=0, count=MOST_OF_ALL, others=MOST_OF_ALL))
        dead = await self._redis.zrange(self._keys.dead, 0, -1, desc=True)
        return {
            State.QUEUED: list(reversed(view["line"])),
            State.RUNNING: [*view["running"], *view["draining"]],
            State.DELAYED: list(view["delayed"]),
            State.FAILED: cast("list[str]", list(dead)),
        }

    async def ended_ids(self, *, since: float = 0.0) -> list[str]:
        """Return the ids of the last 10,000 jobs that ended, the newest first.

        Args:
            since: Seconds since the epoch, by Redis' clock.
        """
        ids = await self._redis.zrange(
            self._keys.ended, "+inf", round(since * 1000), desc=True, byscore=True, offset=0, num=10_000
        )
        return cast("list[str]", list(ids))

    async def ids_like(self, start: str) -> list[str]:
        """Return unfinished and dead jobs' IDs with this prefix.

        If there are none, return those of all stored jobs, which scans every key.
        """
        if await self._redis.exists(self._keys.job(start)):
            return [start]
        by_state = await self.ids_by_state()
        ids = [job_id for waiting in by_state.values() for job_id in waiting if job_id.startswith(start)]
        if ids:
            return ids
        prefix = self._keys.job_prefix
        pattern = prefix + _GLOB.sub(_ESCAPED, start) + "*"
        keys = self._redis.scan_iter(pattern, count=1_000)  # a millisecond in which Redis does nothing else
        return sorted({str(key).removeprefix(prefix) async for key in keys})

    async def records(self, job_ids: Iterable[str]) -> list[JobRecord]:
        """Return jobs' records, in a few round trips; other programs' items and unreadable jobs have no state."""
        ids = list(job_ids)[:10_000]
        records: list[JobRecord] = []
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            records += map(record_of, some, await self._hashes(some))
        return records


def _seconds(milliseconds: str) -> float:
    try:
        return whole(milliseconds) / 1000
    except ValueError:
        return 0.0
