"""What only an operator does with the queue, and the deletion of a user's jobs."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from qwenedit_jobs.model import State
from qwenedit_jobs.queue.job_records import JobRecord, record_of
from qwenedit_jobs.queue.parsing import known, whole
from qwenedit_jobs.queue.queue import JobQueue
from qwenedit_jobs.queue.queue_view import MOST_OF_ALL
from qwenedit_jobs.redis.scripts import named

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_LOOKED_AT = 10_000
"""Jobs that one question looks at."""
SCANNED_AT_ONCE = 1_000
"""Keys that Redis looks at in one go, a millisecond, while it does nothing else."""

_GLOB = re.compile(r"[*?\[\]^\\]")
_ESCAPED = r"\\\g<0>"


class Requeued(StrEnum):
    """Result of requeueing a job."""

    QUEUED = "queued"
    """It is in line: taken from its worker, from its pause, or from the dead. A job that waited keeps waiting."""
    DONE = "done"
    CANCELLED = "cancelled"
    """It was before, or its user had asked for that and its worker had not answered."""
    UNKNOWN = "unknown"


class OperatorQueue(JobQueue):
    """The queue with the transitions that are an operator's."""

    async def pause(self) -> tuple[bool, float]:
        """Let no job begin until `resume`. Running jobs are finished, new jobs are accepted and wait.

        Returns:
            Whether this call paused the queue, and since when it is paused, in seconds since the epoch.
        """
        reply = named(await self._run("pause", on=True))
        return bool(reply["changed"]), _seconds(reply["since"])

    async def resume(self) -> bool:
        """End a pause; False when there was none."""
        return bool(named(await self._run("pause", on=False))["changed"])

    async def paused_since(self) -> float | None:
        """Since when the queue is paused, in seconds since the epoch; None when it is not.

        Since the epoch, where what somebody wrote there is no time.
        """
        since = await self._redis.get(self._keys.paused)
        return _seconds(str(since)) if since is not None else None

    async def requeue(self, job_id: str) -> tuple[Requeued, State | None]:
        """Put a job back in line: a running one is taken from its worker, a failed one starts over.

        Returns:
            What became of it, and its state before where that was changed.
        """
        reply = named(await self._run("requeue", id=job_id))
        before = State(reply["before"]) if "before" in reply else None
        return known(Requeued, reply["outcome"], Requeued.UNKNOWN), before

    async def drop(self, job_id: str) -> bool:
        """Take a job from among the dead; False when it was not there."""
        return bool(await self._run("forget", id=job_id, which="dead"))

    async def forget_job(self, job_id: str) -> bool:
        """Forget a job that is finished and answered, with its pictures; False while it is not."""
        return bool(await self._run("forget", id=job_id, which="answered"))

    async def erase_unreadable(self, job_id: str) -> bool:
        """Forget a job that this version cannot read, wherever it stands; False when nothing was known of it.

        Nobody can answer it. A worker that runs it learns that its lease is lost.
        """
        return bool(await self._run("forget", id=job_id, which="any"))

    # ---------------------------------------------------------------- looking

    async def now(self) -> float:
        """Redis' time, in seconds since the epoch."""
        seconds, microseconds = await self._redis.time()
        return float(seconds + microseconds / 1e6)

    async def ids_by_state(self) -> dict[State, list[str]]:
        """Return the ids of all jobs that wait (next one first), run, pause and are dead (newest first)."""
        view = named(await self._run("view", skip=0, count=MOST_OF_ALL, others=MOST_OF_ALL))
        dead = await self._redis.zrange(self._keys.dead, 0, -1, desc=True)
        return {
            State.QUEUED: list(reversed(view["line"])),
            State.RUNNING: [*view["running"], *view["draining"]],
            State.DELAYED: list(view["delayed"]),
            State.FAILED: cast("list[str]", list(dead)),
        }

    async def ended_ids(self, *, since: float = 0.0) -> list[str]:
        """Return the ids of the last jobs that ended, at most some thousand, the newest first.

        Args:
            since: Seconds since the epoch, by Redis' clock.
        """
        ids = await self._redis.zrange(
            self._keys.ended, "+inf", round(since * 1000), desc=True, byscore=True, offset=0, num=MOST_LOOKED_AT
        )
        return cast("list[str]", list(ids))

    async def ids_like(self, start: str) -> list[str]:
        """Return the ids that begin with some characters, of jobs that wait, run, pause or are dead.

        Where none of these does, of all jobs that are remembered, which takes a look at every key.
        """
        if await self._redis.exists(self._keys.job(start)):
            return [start]
        by_state = await self.ids_by_state()
        ids = [job_id for waiting in by_state.values() for job_id in waiting if job_id.startswith(start)]
        if ids:
            return ids
        prefix = self._keys.job_prefix
        pattern = prefix + _GLOB.sub(_ESCAPED, start) + "*"
        keys = self._redis.scan_iter(pattern, count=SCANNED_AT_ONCE)
        return sorted({str(key).removeprefix(prefix) async for key in keys})

    async def records(self, job_ids: Iterable[str]) -> list[JobRecord]:
        """Return some jobs, in a few round trips; one that is no job, or unreadable, has no state."""
        ids = list(job_ids)[:MOST_LOOKED_AT]
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
