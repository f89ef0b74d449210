"""The leading replica's upkeep: ends leases of dead workers, returns due retries to the line, measures the queue."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import Reason
from qwenedit_telemetry import attributes, job_context, tracing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redis.asyncio import Redis

    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_jobs import Intake, LostAttempt
    from qwenedit_jobs.lanes import Lanes


log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False)
class Janitor:
    """Ends expired leases, pauses and waits, and updates the queue's metrics."""

    queue: Intake
    redis: Redis
    lanes: Mapping[str, Lanes]
    """The lanes of updates, answers and requests, by name."""
    metrics: BotMetrics
    clock: Callable[[], float] = time.monotonic
    idle: bool = True
    """Whether no job was unfinished in the last round."""
    _tick_at: float = 0.0
    _measure_at: float = 0.0

    async def tick(self) -> None:
        """Run one round."""
        self.idle = await self.queue.is_idle()
        if self.clock() >= self._tick_at or not self.idle:
            self._tick_at = self.clock() + 5.0  # the queue's clock must advance while no job waits or runs, too
            await self._look_after()
        if self.clock() >= self._measure_at:
            self._measure_at = self.clock() + 15.0  # as often as Prometheus scrapes
            await self._count()
            await self._measure_redis()

    async def _look_after(self) -> None:
        tick = await self.queue.tick()
        for attempt in tick.lost:
            _report(attempt)
            self.metrics.reaped.labels(attempt.outcome).inc()
        for job in tick.due:
            log.info("job.retry_due", job=job)
        for job in tick.expired:
            log.warning("job.expired", job=job)

    async def _count(self) -> None:
        counts = await self.queue.counts()
        for place in ("waiting", "running", "draining", "delayed", "dead"):
            self.metrics.queue_jobs.labels(place).set(getattr(counts, place))
        self.metrics.queue_paused.set(counts.paused)
        for name, lanes in self.lanes.items():
            occupancy = await lanes.occupancy()
            self.metrics.entries.labels(name, "waiting").set(occupancy.waiting - occupancy.in_hand)
            self.metrics.entries.labels(name, "in_hand").set(occupancy.in_hand)
            self.metrics.entries.labels(name, "set_aside").set(occupancy.set_aside)
        self.metrics.oldest_wait.set(await self._oldest_wait() if counts.waiting else 0.0)

    async def _oldest_wait(self) -> float:
        window = await self.queue.window(skip=0, count=1, others=0)
        status = await self.queue.status(next(iter(window.positions))) if window.positions else None
        seconds, microseconds = await self.redis.time()
        return max(0.0, seconds + microseconds / 1e6 - status.enqueued_at) if status is not None else 0.0

    async def _measure_redis(self) -> None:
        """Measure Redis' memory, and delete answered jobs' pictures if it's short."""
        memory = await self.queue.make_room()
        self.metrics.redis_memory_used.set(memory.used)
        self.metrics.redis_memory_max.set(memory.limit)
        self.metrics.redis_memory_kept_free.set(memory.kept_free)


def _report(attempt: LostAttempt) -> None:
    """Log and trace an attempt for its worker, which was killed, cut off or hung."""
    span_attributes: tracing.Attributes = {
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
        tracing.continued("attempt lost", attempt.trace_context, attributes=span_attributes) as span,
    ):
        span.fail(Reason.WORKER_LOST)
        log.warning("job.lease_expired", worker=attempt.worker, outcome=attempt.outcome, seconds=seconds)
