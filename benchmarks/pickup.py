"""How long an idle worker takes to pick up a job: from the call that enqueues it to the worker's claim.

Real: Redis (a process of its own), the scripts, the worker's loop, its lease, progress and settlement. Not real: the
edit, which does nothing. Both ends are read from one process' monotonic clock. The time begins before the enqueuing
call is sent, and ends when the claim's reply has reached the worker's loop. Each job is enqueued when the worker
waits again.
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import time
from typing import ClassVar

import structlog

from qwenedit_jobs import (
    Claim,
    JobQueue,
    Limits,
)
from qwenedit_testkit.by_hand.bot import by_hand
from qwenedit_testkit.by_hand.bot import job as asked
from qwenedit_testkit.by_hand.worker_loop import PICTURE, working
from qwenedit_testkit.programs import command_line, whole
from qwenedit_testkit.redis import redis_server

SETTLING = 0.01
"""Seconds from a job's end until the worker surely waits again. Longer pauses than this add a tenth of a millisecond: a
machine that slept longer wakes later."""
WARM_UP = 20


class TimedQueue(JobQueue):
    """Notes when each claim came back with a job."""

    claimed: ClassVar[dict[str, float]] = {}

    async def claim(self, *, worker: str, token: str, lease: float, wait: float = 0.0) -> Claim | None:
        """See `JobQueue.claim`."""
        claim = await super().claim(worker=worker, token=token, lease=lease, wait=wait)
        if claim is not None:
            self.claimed[claim.job.id] = time.perf_counter()
        return claim


async def measure(redis_url: str, jobs: int) -> list[float]:
    """Enqueue jobs one at a time on an idle worker; returns each one's pickup in milliseconds."""
    pickups = []
    async with working(redis_url, queue=TimedQueue) as queue, by_hand(redis_url) as bot:
        for number in range(jobs + WARM_UP):
            job = asked(number)
            await bot.store.put(job.edit.pictures[0], PICTURE)
            await asyncio.sleep(SETTLING)
            began = time.perf_counter()
            await bot.queue.enqueue(job, Limits())
            while (status := await bot.queue.status(job.id)) is None or not status.state.final:  # noqa: ASYNC110 - Redis' state
                await asyncio.sleep(SETTLING)
            pickups.append((queue.claimed.pop(job.id) - began) * 1000)
    return pickups[WARM_UP:]


async def main() -> None:
    """Measure and print."""
    parser = command_line(__doc__)
    parser.add_argument("--jobs", type=whole(), default=500)
    jobs: int = parser.parse_args().jobs
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    async with redis_server(persistent=True) as server:
        pickups = await measure(server.url, jobs)
    percentiles = statistics.quantiles(pickups, n=100)
    print(
        f"pickup of {jobs} jobs by an idle worker, one process' monotonic clock, "
        f"Redis with an append-only file: p50 {percentiles[49]:.2f} ms, p99 {percentiles[98]:.2f} ms, "
        f"max {max(pickups):.2f} ms"
    )


if __name__ == "__main__":
    asyncio.run(main())
