"""What only an operator does with the queue, and all that he sees of it. Prompts are not for his eyes.

Also how a user is forgotten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError

from qwenedit_jobs.model import State
from qwenedit_jobs.queue import JobQueue
from qwenedit_jobs.reading import job_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qwenedit_jobs.model import Job

MOST_LOOKED_AT = 10_000
"""Jobs that one question looks at."""
SCANNED_AT_ONCE = 1_000
"""Keys that Redis looks at in one go, a millisecond, while it does nothing else."""

_GLOB = re.compile(r"[*?\[\]^\\]")
_ESCAPED = r"\\\g<0>"


class Requeued(StrEnum):
    """What a wish to execute a job again came to."""

    QUEUED = "queued"
    """It is in line: taken from its worker, from its pause, or from the dead. One that waited waits on."""
    DONE = "done"
    CANCELLED = "cancelled"
    """It was before, or its user had asked for that and its worker had not answered."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Record:
    """A job's hash, as far as an operator may see it. Times are seconds since the epoch, by Redis' clock."""

    id: str
    state: State | None
    """None: no job, but an item that somebody else put into the queue's list."""
    user_id: int | None = None
    pictures: tuple[str, ...] = ()
    """References into the picture store."""
    workflow: str | None = None
    phase: str = ""
    step: int = 0
    steps: int = 0
    attempt: int = 0
    max_attempts: int = 0
    requeued: int = 0
    """How often an operator had it executed again after it had failed."""
    cancelling: bool = False
    worker: str | None = None
    reason: str | None = None
    detail: str | None = None
    seed: int | None = None
    enqueued_at: float | None = None
    started_at: float | None = None
    """When its last attempt began."""
    finished_at: float | None = None
    answered_at: float | None = None
    due_at: float | None = None
    """When its next attempt begins, while it pauses."""
    lease_ends_at: float | None = None
    """While it runs."""
    died_at: float | None = None
    """When it came among the dead, while it is there."""
    trace_id: str | None = None

    @property
    def known(self) -> bool:
        """Whether it is a job."""
        return self.state is not None


class OperatedQueue(JobQueue):
    """The queue with the transitions that are an operator's."""

    async def pause(self) -> tuple[bool, float]:
        """Let no job begin until `resume`. Those in hand are finished, new ones are accepted and wait.

        Returns:
            Whether this call paused the queue, and since when it is paused, in seconds since the epoch.
        """
        first, since = await self._run("pause")
        return bool(int(first)), int(since) / 1000

    async def resume(self) -> bool:
        """End a pause; False when there was none."""
        return bool(await self._run("resume"))

    async def paused_since(self) -> float | None:
        """Since when the queue is paused, in seconds since the epoch; None when it is not."""
        since = await self._redis.get(self._keys.paused)
        return int(since) / 1000 if since is not None else None

    async def requeue(self, job_id: str) -> tuple[Requeued, State | None]:
        """Put a job back in line: a running one is taken from its worker, a failed one begins anew.

        Returns:
            What became of it, and its state before where that was changed.
        """
        outcome, *before = await self._run("requeue", job_id)
        return Requeued(outcome), State(before[0]) if before else None

    async def drop(self, job_id: str) -> bool:
        """Take a job from among the dead; False when it was not there."""
        return bool(await self._run("drop", job_id))

    async def forget(self, job_id: str) -> bool:
        """Forget a job that is finished and answered; False while it is not. Its pictures are the store's."""
        return bool(await self._run("forget", job_id))

    # ---------------------------------------------------------------- looking

    async def ids_of(self, user_id: int) -> list[str]:
        """Return the ids of all jobs of a user that are remembered, which takes a look at every key."""
        prefix, found = self._keys.job_prefix, list[str]()
        keys: list[str] = []
        async for key in self._redis.scan_iter(f"{_GLOB.sub(_ESCAPED, prefix)}*", count=SCANNED_AT_ONCE):
            keys.append(str(key))
            if len(keys) == SCANNED_AT_ONCE:
                found += await self._those_of(user_id, keys)
                keys.clear()
        return [key.removeprefix(prefix) for key in [*found, *await self._those_of(user_id, keys)]]

    async def _those_of(self, user_id: int, keys: list[str]) -> list[str]:
        pipeline = self._redis.pipeline(transaction=False)
        for key in keys:
            pipeline.hget(key, "user")
        users = await pipeline.execute(raise_on_error=False)  # an error: a stranger's key of another type
        return [key for key, user in zip(keys, users, strict=True) if user == str(user_id)]

    async def now(self) -> float:
        """Redis' time, in seconds since the epoch."""
        seconds, microseconds = await self._redis.time()
        return float(seconds + microseconds / 1e6)

    async def places(self) -> dict[State, list[str]]:
        """Return the ids of all jobs that wait (next one first), run, pause and are dead (newest first)."""
        line, leases, draining, delayed = await self._run("unfinished")
        dead = await self._redis.zrange(self._keys.dead, 0, -1, desc=True)
        return {
            State.QUEUED: list(reversed(line)),
            State.RUNNING: [*leases, *draining],
            State.DELAYED: list(delayed),
            State.FAILED: cast("list[str]", list(dead)),
        }

    async def ids_like(self, start: str) -> list[str]:
        """Return the ids that begin with some characters, of jobs that wait, run, pause or are dead.

        Where none of these does, of all jobs that are remembered, which takes a look at every key.
        """
        if await self._redis.exists(self._keys.job(start)):
            return [start]
        places = await self.places()
        found = [job_id for ids in places.values() for job_id in ids if job_id.startswith(start)]
        if found:
            return found
        prefix = self._keys.job_prefix
        pattern = prefix + _GLOB.sub(_ESCAPED, start) + "*"
        keys = self._redis.scan_iter(pattern, count=SCANNED_AT_ONCE)
        return sorted({str(key).removeprefix(prefix) async for key in keys})

    async def has_pictures(self, record: Record) -> bool:
        """Whether all pictures of a job are still kept."""
        keys = {self._keys.picture(ref) for ref in record.pictures}
        return not keys or int(await self._redis.exists(*keys)) == len(keys)

    async def records(self, job_ids: Iterable[str]) -> list[Record]:
        """Return what is known of some jobs, in a few round trips; one that is no job has no state."""
        ids = list(job_ids)[:MOST_LOOKED_AT]
        found: list[Record] = []
        for start in range(0, len(ids), 500):
            found += await self._records(ids[start : start + 500])
        return found

    async def _records(self, ids: list[str]) -> list[Record]:
        pipeline = self._redis.pipeline(transaction=False)
        keys = (self._keys.leases, self._keys.draining, self._keys.delayed, self._keys.dead)
        for job_id in ids:
            pipeline.hgetall(self._keys.job(job_id))
            for key in keys:
                pipeline.zscore(key, job_id)
        replies = await pipeline.execute(raise_on_error=False)
        width = 1 + len(keys)
        records = []
        for index, job_id in enumerate(ids):
            fields, leased, draining, due, died = replies[index * width : (index + 1) * width]
            known = fields if isinstance(fields, dict) else {}  # an error: a stranger's key of another type
            ends = leased if leased is not None else draining
            records.append(_record(job_id, known, lease_ends=ends, due=due, died=died))
        return records


def _record(
    job_id: str, fields: Mapping[str, str], *, lease_ends: float | None, due: float | None, died: float | None
) -> Record:
    if "state" not in fields:
        return Record(job_id, None, died_at=_seconds(died))
    job = _readable(fields)
    trace = fields.get("trace_context", "").split("-")
    return Record(
        id=job_id,
        state=State(fields["state"]),
        user_id=int(fields["user"]) if fields.get("user") else None,
        pictures=job.edit.pictures if job else (),
        workflow=job.edit.workflow if job else None,
        seed=job.edit.seed if job else None,
        phase=fields.get("phase", ""),
        step=int(fields.get("step", 0)),
        steps=int(fields.get("steps", 0)),
        attempt=int(fields.get("attempt", 0)),
        max_attempts=int(fields.get("max_attempts", 0)),
        requeued=int(fields.get("requeued", 0)),
        cancelling=fields.get("cancelling") == "1",
        worker=fields.get("worker"),
        reason=fields.get("reason") or None,
        detail=_without_prompt(fields.get("detail", ""), job) or None,
        enqueued_at=_seconds(fields.get("enqueued_at")),
        started_at=_seconds(fields.get("started_at")),
        finished_at=_seconds(fields.get("finished_at")),
        answered_at=_seconds(fields.get("answered_at")),
        due_at=_seconds(due),
        lease_ends_at=_seconds(lease_ends),
        died_at=_seconds(died),
        trace_id=trace[1] if len(trace) > 1 else None,
    )


def _readable(fields: Mapping[str, str]) -> Job | None:
    try:
        return job_of(dict(fields))
    except (KeyError, ValidationError):  # of another release
        return None


def _without_prompt(detail: str, job: Job | None) -> str:
    """An error of ComfyUI's may repeat what it was given."""
    return detail.replace(job.edit.prompt, "[prompt]") if job and job.edit.prompt else detail


def _seconds(milliseconds: str | float | None) -> float | None:
    return float(milliseconds) / 1000 if milliseconds is not None else None
