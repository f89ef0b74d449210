"""When a waiting job will be done: what such jobs usually take, its place in line, and the workers that are ready."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from qwenedit_bot.texts import Text
from qwenedit_jobs import State, durations

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs import Keys, Status
    from qwenedit_jobs.workers.registry import Workers


Wait: TypeAlias = float | Text
"""Seconds until a job's picture, or why it's unknown: the queue is paused, or no worker is ready."""


@dataclass(eq=False)
class Eta:
    """Estimates from the durations of recent jobs, which all replicas share."""

    redis: Redis
    keys: Keys
    workers: Workers

    async def note_duration(self, workflow: str | None, seconds: float) -> None:
        """Remember how long a job of a workflow kept its worker busy."""
        key = self.keys.durations(workflow or "")
        pipeline = self.redis.pipeline(transaction=True)
        pipeline.lpush(key, round(seconds, 1))
        pipeline.ltrim(key, 0, 19)  # the usual one is their median
        pipeline.expire(key, 30 * 86_400)
        await pipeline.execute()

    async def of(self, jobs: Sequence[Status], places: Mapping[str, int]) -> dict[str, Wait]:
        """Return what to expect, where known, for those of a few jobs that have a place in line; 0 is for running."""
        waiting = [each for each in jobs if each.state in (State.QUEUED, State.RUNNING) and each.job.id in places]
        if not waiting:
            return {}
        usual, now, paused = await self._usual({each.job.edit.workflow or "" for each in waiting})
        if paused:
            return dict.fromkeys((each.job.id for each in waiting if places[each.job.id]), Text.ON_HOLD)
        ready = await self._ready()
        waits = {
            each.job.id: estimate(
                places[each.job.id], ready, usual.get(each.job.edit.workflow or ""), waited=now - each.enqueued_at
            )
            for each in waiting
        }
        return {job_id: wait for job_id, wait in waits.items() if wait is not None}

    async def _ready(self) -> int:
        presences = [each.presence for each in (await self.workers.seen()).workers]
        return sum(each.ready and not each.draining for each in presences)

    async def _usual(self, workflows: Collection[str]) -> tuple[dict[str, float], int, bool]:
        """Return the usual seconds of each workflow that is known, Redis' time, and whether the queue is paused."""
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.time()
        pipeline.exists(self.keys.paused)
        for name in workflows:
            pipeline.lrange(self.keys.durations(name), 0, -1)
        (now, _microseconds), paused, *recent = await pipeline.execute()
        usual = {name: median(map(float, each)) for name, each in zip(workflows, recent, strict=True) if each}
        return usual, now, bool(paused)


def estimate(place: int, workers: int, usual: float | None, *, waited: float) -> Wait | None:
    """Return what to expect for a job in line; None if unknown. On average, jobs that run (place 0) are half done."""
    if place and not workers:
        return Text.WAKING if waited < durations.COLD_START else Text.LATE
    return None if usual is None else usual * (1 + (place - 0.5) / workers if place else 0.5)
