"""streaQ."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from streaq import Worker

from benchmarks.peers.queues.driver import LEASE, REDIS_URL, TRIES, main, work_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.peers.queues.driver import Enqueue

worker = Worker(redis_url=REDIS_URL, concurrency=1, idle_timeout=LEASE)


job = worker.task(name="job", max_tries=TRIES, silent=True)(work_async)


@asynccontextmanager
async def producer() -> AsyncIterator[Enqueue]:
    """Open the queue."""
    async with worker:
        yield job.enqueue


if __name__ == "__main__":
    main(producer, worker.run_sync)
