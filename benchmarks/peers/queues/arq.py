"""arq."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Worker, func

from benchmarks.peers.queues.driver import REDIS_URL, TRIES, Simple, main, work_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SETTINGS = RedisSettings.from_dsn(REDIS_URL)


async def job(_context: dict[str, Any], number: int, seconds: float) -> None:
    """Be the job."""
    await work_async(number, seconds)


@asynccontextmanager
async def producer() -> AsyncIterator[Simple]:
    """Open the queue."""
    pool = await create_pool(SETTINGS)
    yield Simple(lambda number, seconds: pool.enqueue_job("job", number, seconds))
    await pool.aclose()


def work() -> None:
    """Work, one job at a time. The time-out is the least that makes a dead worker's job free: 10 s are added to it."""
    logging.getLogger("arq").setLevel(logging.WARNING)
    Worker(
        [func(job, name="job")], redis_settings=SETTINGS, max_jobs=1, poll_delay=0.01, job_timeout=2, max_tries=TRIES
    ).run()


if __name__ == "__main__":
    main(producer, work)
