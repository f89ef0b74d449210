"""The worker's own loop in a process that measures it, with another editor where the edit is not what is measured."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from prometheus_client import CollectorRegistry

from qwenedit_jobs import JobQueue, RedisPictureStore, RedisSettings, connect
from qwenedit_jobs.picture_address import IN_REDIS
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_worker.comfyui import EditResult, ExecutorVerdict, Progress
from qwenedit_worker.health.activity import Activity
from qwenedit_worker.health.comfyui_watch import ComfyUIWatch
from qwenedit_worker.health.shutdown import Shutdown
from qwenedit_worker.loop.worker import Timings, Worker
from qwenedit_worker.redis_link import RedisLink, translate_errors
from qwenedit_worker.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from qwenedit_jobs import Job
    from qwenedit_worker.health.comfyui_watch import Server
    from qwenedit_worker.loop.workflow_editor import Editor

AQueue = TypeVar("AQueue", bound=JobQueue)

PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(60) + b"IEND\xaeB`\x82"
POLLING_INTERVAL = 1.0
LEASE = 30.0


class NoOpEditor:
    """Returns a picture at once."""

    async def edit(
        self,
        job: Job,
        *,
        attempt: int,  # noqa: ARG002 - the port's
        pictures: tuple[bytes, ...],  # noqa: ARG002 - the port's
        on_progress: Callable[[Progress], None],  # noqa: ARG002 - the port's
        deadline: float,  # noqa: ARG002 - the port's
    ) -> EditResult:
        """Edit nothing."""
        return EditResult(png=PICTURE, seed=job.edit.seed, seconds=0.0)


class ReadyServer:
    """A ComfyUI that is always ready."""

    async def check(self) -> None:
        """Find nothing wrong."""

    async def verdict(self) -> ExecutorVerdict:
        """Find it alive."""
        return ExecutorVerdict(condemned=False, reason="alive")


@asynccontextmanager
async def working(
    redis_url: str,
    *,
    queue: type[AQueue],
    editor: Editor | None = None,
    server: Server | None = None,
    name: str = "worker",
    lease: float = LEASE,
    pictures_url: str = IN_REDIS,
) -> AsyncIterator[AQueue]:
    """Run a worker with the parts that `qwenedit_worker.app` joins; yields its queue, and has it leave at the end.

    Args:
        redis_url: Of the queue.
        queue: What its queue is made of: `JobQueue`, or one that notes what is asked of it.
        editor: Executes edits; by default one that does nothing.
        server: Its ComfyUI; by default one that is always ready.
        name: Of the worker.
        lease: Seconds.
        pictures_url: Where pictures lie.
    """
    settings = RedisSettings(redis_url=redis_url)
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(connect(settings))
        waiter = await stack.enter_async_context(connect(settings, waits=True))
        raw = await stack.enter_async_context(connect(settings, decode=False))
        line = queue(redis, settings.keys, waiter=waiter)
        store = open_objects(pictures_url) or RedisPictureStore(raw, settings.keys, ttl=3600)
        timings = Timings(polling_interval=POLLING_INTERVAL, lease=lease, budget=300.0)
        link, metrics, shutdown = RedisLink(), Metrics(CollectorRegistry()), Shutdown()
        activity = Activity(budget=timings.budget, busy=metrics.busy)
        watch = ComfyUIWatch(server or ReadyServer(), activity=activity, metrics=metrics)
        worker = Worker(
            name,
            timings,
            queue=translate_errors(line, link),
            pictures=translate_errors(store, link),
            editor=editor or NoOpEditor(),
            watch=watch,
            shutdown=shutdown,
            activity=activity,
            metrics=metrics,
        )
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch.keep_checking())
            tasks.create_task(worker.run())
            yield line
            shutdown.leave()
            watching.cancel()
