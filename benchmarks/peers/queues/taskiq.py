"""taskiq with taskiq-redis: a list by default, a stream where `TASKIQ_BROKER` is `stream`."""

from __future__ import annotations

import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from taskiq.api import run_receiver_task
from taskiq_redis import ListQueueBroker, RedisStreamBroker

from benchmarks.peers.queues.driver import LEASE, REDIS_URL, Simple, main, run_fast, work_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# The stream's group begins at its first message, so that jobs enqueued before any worker runs are seen.
broker = (
    RedisStreamBroker(
        REDIS_URL, consumer_id="0", idle_timeout=LEASE * 1000, xread_count=1, unacknowledged_lock_timeout=LEASE
    )
    if os.environ.get("TASKIQ_BROKER") == "stream"
    else ListQueueBroker(REDIS_URL)
)
job = broker.task(task_name="job")(work_async)


@asynccontextmanager
async def producer() -> AsyncIterator[Simple]:
    """Open the queue."""
    await broker.startup()
    yield Simple(job.kiq)
    await broker.shutdown()


async def consume() -> None:
    """Work, one job at a time, acknowledged when it is done."""
    broker.is_worker_process = True
    await run_receiver_task(broker, max_async_tasks=1, run_startup=True)


def work() -> None:
    """Work quietly."""
    logging.getLogger("taskiq").setLevel(logging.WARNING)
    run_fast(consume())


if __name__ == "__main__":
    main(producer, work)
