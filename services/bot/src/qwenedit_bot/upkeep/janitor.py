"""Ends expired leases, puts due retries back into the queue and counts jobs, also while no worker is up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import Reason
from qwenedit_telemetry import attributes, job_context, tracing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redis.asyncio import Redis

    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_jobs import JobQueue, LostAttempt
    from qwenedit_jobs.lanes import Lanes

TICK = 1.0
"""Seconds between two rounds: the most that a retry is late."""
TICK_IDLE = 5.0
"""Seconds between two rounds while no job waits or runs: the queue's clock is to go on."""
MEASURE_EVERY = 15.0
"""Seconds between two counts of what there is, as often as Prometheus asks for it."""

log = structlog.get_logger(__name__)


class Janitor:
    """Reaps, promotes, ends waits that were too long, and counts.

    Args:
        queue: What it looks after.
        redis: Its clock tells how long jobs wait.
        lanes: By name, what updates and answers wait in.
        metrics: Where the counts are shown.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        redis: Redis,
        lanes: Mapping[str, Lanes],
        metrics: BotMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._redis = redis
        self._lanes = lanes
        self._metrics = metrics
        self._clock = clock
        self.idle = True
        """Whether no job waited or ran in the last round."""
        self._measure_at = self._tick_at = clock()

    async def tick(self) -> None:
        """Make one round."""
        self.idle = await self._queue.is_idle()
        if self._clock() >= self._tick_at or not self.idle:
            self._tick_at = self._clock() + TICK_IDLE
            await self._look_after()
        if self._clock() >= self._measure_at:
            self._measure_at = self._clock() + MEASURE_EVERY
            await self._count()
            await self._measure_redis()

    async def _look_after(self) -> None:
        tick = await self._queue.tick()
        for attempt in tick.lost:
            _report(attempt)
            self._metrics.reaped.labels(attempt.outcome).inc()
        for job in tick.due:
            log.info("job.retry_due", job=job)
        for job in tick.expired:
            log.warning("job.expired", job=job)

    async def _count(self) -> None:
        counts = await self._queue.counts()
        places = {
            "waiting": counts.waiting, "running": counts.running, "draining": counts.draining,
            "delayed": counts.delayed, "dead": counts.dead,
        }  # fmt: skip
        for place, count in places.items():
            self._metrics.queue_jobs.labels(place).set(count)
        self._metrics.queue_paused.set(counts.paused)
        for name, lanes in self._lanes.items():
            occupancy = await lanes.occupancy()
            self._metrics.entries.labels(name, "waiting").set(occupancy.waiting - occupancy.in_hand)
            self._metrics.entries.labels(name, "in_hand").set(occupancy.in_hand)
            self._metrics.entries.labels(name, "set_aside").set(occupancy.set_aside)
        self._metrics.oldest_wait.set(await self._oldest_wait() if counts.waiting else 0.0)

    async def _oldest_wait(self) -> float:
        window = await self._queue.window(skip=0, count=1, others=0)
        status = await self._queue.status(next(iter(window.positions))) if window.positions else None
        if status is None:
            return 0.0
        return max(0.0, await self._now() - status.enqueued_at)

    async def _now(self) -> float:
        seconds, microseconds = await self._redis.time()
        return float(seconds + microseconds / 1e6)

    async def _measure_redis(self) -> None:
        """Note Redis' memory, and delete pictures of answered jobs where it is short."""
        memory = await self._queue.make_room()
        self._metrics.redis_memory_used.set(memory.used)
        self._metrics.redis_memory_max.set(memory.limit)
        self._metrics.redis_memory_kept_free.set(memory.kept_free)
        if 0 < memory.limit <= memory.used:
            log.warning("redis.above_maxmemory", used=memory.used, limit=memory.limit)


def _report(attempt: LostAttempt) -> None:
    """Log and trace an attempt whose worker was killed, cut off or hung, since the worker can't."""
    told: tracing.Attributes = {
        attributes.ATTEMPT: attempt.attempt,
        attributes.MAX_ATTEMPTS: attempt.max_attempts,
        attributes.WORKER: attempt.worker,
        attributes.OUTCOME: attempt.outcome,
        attributes.REASON: Reason.WORKER_LOST.value,
        **attributes.of_job(attempt.job_id),
    }
    seconds = round(attempt.ended_at - attempt.started_at, 1)
    with (
        job_context(attempt.job_id, attempt=attempt.attempt),
        tracing.continued("attempt lost", attempt.trace_context, attributes=told) as span,
    ):
        span.fail(Reason.WORKER_LOST)
        log.warning("job.lease_expired", worker=attempt.worker, outcome=attempt.outcome, seconds=seconds)
