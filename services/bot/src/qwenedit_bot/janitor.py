"""What must happen although no worker is up: expired leases end, due retries go back in line, and are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.metrics import BotMetrics
    from qwenedit_jobs import JobQueue

TICK = 1.0
"""Seconds between two rounds: the most that a retry is late."""

log = structlog.get_logger(__name__)


class Janitor:
    """Reaps, promotes and counts.

    Args:
        queue: What it looks after.
        redis: Its clock tells how long jobs wait.
        metrics: Where the counts are shown.
    """

    def __init__(self, *, queue: JobQueue, redis: Redis, metrics: BotMetrics) -> None:
        self._queue = queue
        self._redis = redis
        self._metrics = metrics

    async def tick(self) -> None:
        """Make one round."""
        for job, outcome in await self._queue.reap():
            log.warning("job.lease_expired", job=job, outcome=outcome)
            self._metrics.reaped.labels(outcome).inc()
        for job in await self._queue.promote():
            log.info("job.due_again", job=job)
        await self._count()

    async def _count(self) -> None:
        counts = await self._queue.counts()
        places = {
            "waiting": counts.waiting, "running": counts.running, "draining": counts.draining,
            "delayed": counts.delayed, "dead": counts.dead,
        }  # fmt: skip
        for place, count in places.items():
            self._metrics.queue_jobs.labels(place).set(count)
        self._metrics.oldest_wait.set(await self._oldest_wait() if counts.waiting else 0.0)

    async def _oldest_wait(self) -> float:
        line = await self._queue.waiting_ids()
        status = await self._queue.status(line[0]) if line else None
        if status is None:
            return 0.0
        seconds, microseconds = await self._redis.time()
        return max(0.0, seconds + microseconds / 1e6 - status.enqueued_at)
