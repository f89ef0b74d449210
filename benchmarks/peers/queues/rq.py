"""RQ."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from redis import Redis
from rq import Queue, Retry, SimpleWorker

from benchmarks.peers.queues.driver import LEASE, REDIS_URL, TRIES, main, work_sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.peers.queues.driver import Enqueue


@asynccontextmanager
async def producer() -> AsyncIterator[Enqueue]:
    """Open the queue."""
    queue = Queue(connection=Redis.from_url(REDIS_URL))
    yield lambda number, seconds: queue.enqueue(
        work_sync, number, seconds, job_timeout=LEASE, retry=Retry(max=TRIES), result_ttl=60
    )


def work() -> None:
    """Work in this process; looks after abandoned jobs between jobs, and each second while there are none."""
    connection = Redis.from_url(REDIS_URL)
    SimpleWorker(["default"], connection=connection, maintenance_interval=1, worker_ttl=16).work(
        logging_level="WARNING"
    )


if __name__ == "__main__":
    main(producer, work)
