"""SAQ."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from saq import Queue
from saq.worker import Worker

from benchmarks.peers.queues.driver import LEASE, REDIS_URL, TRIES, Simple, main, run_fast, work_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def job(_context: dict[str, Any], *, number: int, seconds: float) -> None:
    """Be the job."""
    await work_async(number, seconds)


@asynccontextmanager
async def producer() -> AsyncIterator[Simple]:
    """Open the queue."""
    queue = Queue.from_url(REDIS_URL)
    yield Simple(
        lambda number, seconds: queue.enqueue("job", number=number, seconds=seconds, timeout=LEASE, retries=TRIES)
    )
    await queue.disconnect()


async def consume() -> None:
    """Work, one job at a time, and look for stuck jobs each second."""
    queue = Queue.from_url(REDIS_URL)
    await Worker(queue, [("job", job)], concurrency=1, timers={"sweep": 1}).start()


if __name__ == "__main__":
    main(producer, lambda: run_fast(consume()))
