"""Whether a running job hangs: beside what jobs of its workflow usually take, as the bot measures that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.tables import step_of
from qwenedit_jobs.workers.registry import BEAT_EVERY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from qwenedit_jobs.cli.overview import SeenWorker
    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.queue.job_records import Record

GRACE = 20.0
"""Seconds that a job may stay at a step, beside the usual time of a whole job."""
LOADING = 120.0
"""The same before its first step, or where no usual time is known: the model may have to be loaded."""
NEAR = 0.8
"""Part of an attempt's limit from which on a job is near it, if it takes `LONGER` than usual as well."""
LONGER = 1.5
"""Times the usual time."""
HEARD_WITHIN = 2 * BEAT_EVERY
"""Seconds since its last sign of life within which a worker lives. The job of a killed one stands still as well."""
_NUMBER = re.compile(r"\d+(\.\d+)?")


async def usual_times(redis: Redis, keys: Keys, running: Iterable[Record]) -> dict[str, float]:
    """Return the usual seconds of the workflows of running jobs; nothing is asked where none runs.

    The empty name is the workers' own workflow. What no job of was timed lately is left out.
    """
    names = sorted({record.workflow or "" for record in running})
    if not names:
        return {}
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.lrange(keys.durations(name), 0, -1)
    found = await pipeline.execute(raise_on_error=False)  # a worker's user may not look
    return {name: median(map(float, times)) for name, times in zip(names, found, strict=True) if _timed(times)}


def _timed(times: object) -> bool:
    return isinstance(times, list) and bool(times) and all(_NUMBER.fullmatch(each) for each in times)


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job in a worker's hands; times are seconds."""

    id: str
    step: str
    """In words."""
    ran: float
    """Since its attempt began."""
    stood: float
    """Since its step moved, or its attempt began."""
    usual: float | None
    """That a whole job of its workflow usually takes; None where that is not known here."""
    loaded: bool
    """Whether it has done a step, so that its model is loaded."""
    limit: float
    """That an attempt may take; 0 where its worker does not say."""
    lives: bool
    """Whether its worker gave a sign of life just now."""

    @property
    def hangs(self) -> bool:
        """Whether it stays at one step far longer than whole jobs usually take, although its worker lives."""
        loaded = self.loaded and self.usual is not None
        return self.lives and self.stood > (self.usual or 0.0) + (GRACE if loaded else LOADING)

    @property
    def near_limit(self) -> bool:
        """Whether it goes on, and will soon have taken longer than an attempt may."""
        if not self.limit or not self.lives or self.hangs:
            return False
        return self.ran > max(NEAR * self.limit, LONGER * (self.usual or 0.0))


def running_jobs(workers: Iterable[SeenWorker], *, now: float) -> list[RunningJob]:
    """Tell the jobs that workers have in hand, the one first that began first."""
    found = [
        RunningJob(
            id=job.id,
            step=step_of(job),
            ran=now - job.started_at,
            stood=now - max(job.started_at, job.moved_at or 0.0),
            usual=worker.usual,
            loaded=job.step > 0 and job.moved_at is not None,
            limit=worker.presence.limit if worker.presence else 0.0,
            lives=worker.seen_at is not None and now - worker.seen_at <= HEARD_WITHIN,
        )
        for worker in workers
        if (job := worker.job) and job.started_at is not None
    ]
    return sorted(found, key=lambda each: -each.ran)
