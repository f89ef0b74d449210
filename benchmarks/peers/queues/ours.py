"""Ours: the queue's scripts and the worker's own loop, with lease, progress, settlement and pictures in Redis.

Only the edit is not the real one: it does nothing. A job's work begins with it: by then its picture is there.
"""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry

from benchmarks.peers.queues.driver import LEASE, REDIS_URL, gate_or_sleep, main, mark, run_fast
from benchmarks.peers.track import BEGUN, DONE, OFFERED
from qwenedit_jobs import (
    Edit,
    Intake,
    Job,
    Leases,
    QueueLimits,
    RedisPictureStore,
    RedisSettings,
    ReplyTo,
    connect,
    input_ref,
)
from qwenedit_worker.comfyui import EditResult, ExecutorVerdict
from qwenedit_worker.health.activity import Activity
from qwenedit_worker.health.comfyui_watch import ComfyUIWatch
from qwenedit_worker.health.shutdown import Shutdown
from qwenedit_worker.loop.worker import Timings, Worker
from qwenedit_worker.redis_link import RedisLink, translate_errors
from qwenedit_worker.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from benchmarks.peers.queues.driver import Enqueue

PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(60) + b"IEND\xaeB`\x82"
SETTINGS = RedisSettings(redis_url=REDIS_URL)
LIMITS = QueueLimits(max_queue_length=10**6, max_unfinished_per_user=10**6, max_attempts=10, retry_delays=(0.0,))
JANITOR_EVERY = 1.0
"""Seconds, as `qwenedit_bot.app.main` has it."""


def _job(number: int, seconds: float) -> Job:
    return Job(
        id=str(number),
        user_id=number % 1000,
        edit=Edit(prompt=str(seconds), pictures=(input_ref(str(number), 0),), seed=1),
        reply=ReplyTo(chat_id=1, placeholder_id=1, source_message_id=number, language="en"),
    )


class MarkingEditor:
    """Notes when an edit begins and ends, and lasts as long as the job says."""

    async def edit(self, job: Job, **_how: object) -> EditResult:
        """Edit nothing."""
        mark(BEGUN, int(job.id))
        await gate_or_sleep(float(job.edit.prompt))
        mark(DONE, int(job.id))
        return EditResult(png=PICTURE, seed=job.edit.seed, seconds=0.0)


class ReadyServer:
    """A ComfyUI that is always ready."""

    async def check(self) -> None:
        """Find nothing wrong."""

    async def verdict(self) -> ExecutorVerdict:
        """Find it alive."""
        return ExecutorVerdict(condemned=False, reason="alive")


@asynccontextmanager
async def producer() -> AsyncIterator[Enqueue]:
    """Open the queue; each job's picture is put into Redis before it is enqueued, as the bot does."""
    async with connect(SETTINGS) as redis, connect(SETTINGS, decode=False) as binary:
        queue, store = Intake(redis, SETTINGS.keys), RedisPictureStore(binary, SETTINGS.keys, ttl=3600)

        async def enqueue(job: int, seconds: float) -> None:
            await store.put(input_ref(str(job), 0), PICTURE)
            mark(OFFERED, job)  # only now, if its pickup is measured
            await queue.enqueue(_job(job, seconds), LIMITS)

        yield enqueue


async def consume() -> None:
    """Work, with the parts that `qwenedit_worker.app` joins."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    timings = Timings(polling_interval=1.0, lease=LEASE, budget=300.0)
    link, metrics = RedisLink(), Metrics(CollectorRegistry())
    activity = Activity(budget=timings.budget, busy=metrics.busy)
    watch = ComfyUIWatch(ReadyServer(), activity=activity, metrics=metrics)
    async with (
        connect(SETTINGS) as redis,
        connect(SETTINGS, waits=True) as waiter,
        connect(SETTINGS, decode=False) as raw,
        asyncio.TaskGroup() as tasks,
    ):
        worker = Worker(
            f"worker-{os.getpid()}",
            timings,
            queue=translate_errors(Leases(redis, SETTINGS.keys, waiter=waiter), link),
            pictures=translate_errors(RedisPictureStore(raw, SETTINGS.keys, ttl=3600), link),
            editor=MarkingEditor(),
            watch=watch,
            shutdown=Shutdown(),
            activity=activity,
            metrics=metrics,
        )
        tasks.create_task(watch.keep_checking())
        tasks.create_task(worker.run())
        await tend(Intake(redis, SETTINGS.keys))


async def tend(queue: Intake) -> None:
    """End the leases of dead workers, as the bot's janitor does for all workers."""
    while True:
        await queue.tick()
        await asyncio.sleep(JANITOR_EVERY)


if __name__ == "__main__":
    main(producer, lambda: run_fast(consume()))
