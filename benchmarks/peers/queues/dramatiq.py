"""Dramatiq."""

from __future__ import annotations

import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

os.environ["dramatiq_queue_prefetch"] = "1"  # noqa: SIM112 - its name; read at the import

import dramatiq
from dramatiq import Worker
from dramatiq.brokers.redis import RedisBroker

from benchmarks.peers.queues.driver import LEASE, REDIS_URL, TRIES, Simple, main, work_sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

broker = RedisBroker(url=REDIS_URL, heartbeat_timeout=LEASE * 1000, maintenance_chance=100_000)
dramatiq.set_broker(broker)
job = dramatiq.actor(work_sync, actor_name="job", max_retries=TRIES)


@asynccontextmanager
async def producer() -> AsyncIterator[Simple]:
    """Open the queue."""
    yield Simple(job.send)
    broker.close()


def work() -> None:
    """Work in this process, on one thread, asking for jobs at least each 10 ms."""
    Worker(broker, worker_timeout=10, worker_threads=1).start()
    signal.pause()


if __name__ == "__main__":
    main(producer, work)
