"""Celery on its Redis transport."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from celery import Celery

from benchmarks.peers.queues.driver import LEASE, REDIS_URL, main, work_sync

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.peers.queues.driver import Enqueue

app = Celery("jobs", broker=REDIS_URL)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
    broker_transport_options={
        "visibility_timeout": LEASE,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
    },
)
job = app.task(work_sync, name="job")


@asynccontextmanager
async def producer() -> AsyncIterator[Enqueue]:
    """Open the queue."""
    yield job.delay
    app.close()


def work() -> None:
    """Work in this process, without gossip between workers."""
    app.worker_main(
        ["worker", "--pool=solo", "--concurrency=1", "--loglevel=WARNING", "--without-gossip", "--without-mingle"]
    )


if __name__ == "__main__":
    main(producer, work)
