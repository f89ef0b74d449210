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
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from prometheus_client import CollectorRegistry

from local_stack import RedisServer
from qwenedit_jobs import (
    Claim,
    Job,
    JobQueue,
    Limits,
    RedisPictureStore,
    RedisSettings,
    connect,
)
from qwenedit_testkit.bot_by_hand import job as asked
from qwenedit_testkit.programs import command_line, whole
from qwenedit_worker.comfyui import EditResult, Progress, Verdict
from qwenedit_worker.health.activity import Activity
from qwenedit_worker.health.comfyui_watch import ComfyUIWatch
from qwenedit_worker.health.shutdown import Shutdown
from qwenedit_worker.loop.worker import Timings, Worker
from qwenedit_worker.redis_link import RedisLink, translate_errors
from qwenedit_worker.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable

PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(60) + b"IEND\xaeB`\x82"
TIMINGS = Timings(polling_interval=1.0, lease=30.0, budget=300.0, gpu_lock_timeout=30.0)
SETTLING = 0.01
"""Seconds from a job's end until the worker surely waits again."""
WARM_UP = 20


class NoOpEditor:
    """Returns a picture at once."""

    async def busy(self) -> bool:
        """Whether others have something to do; nobody has."""
        return False

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

    async def verdict(self) -> Verdict:
        """Find it alive."""
        return Verdict(condemned=False, reason="alive")


class TimedQueue(JobQueue):
    """Notes when each claim came back with a job."""

    claimed: dict[str, float]

    async def claim(
        self, *, worker: str, token: str, lease: float, pictures_up_to: int = 0, wait: float = 0.0
    ) -> Claim | None:
        """See `JobQueue.claim`."""
        claim = await super().claim(worker=worker, token=token, lease=lease, pictures_up_to=pictures_up_to, wait=wait)
        if claim is not None:
            self.claimed[claim.job.id] = time.perf_counter()
        return claim


async def measure(redis_url: str, jobs: int) -> list[float]:
    """Enqueue jobs one at a time on an idle worker; returns each one's pickup in milliseconds."""
    settings = RedisSettings(redis_url=redis_url)
    producer, consumer, waiter = connect(settings), connect(settings), connect(settings, block=TIMINGS.polling_interval)
    binary = connect(settings, decode=False)
    store = RedisPictureStore(binary, settings.keys, ttl=600)
    link = RedisLink()
    queue = TimedQueue(consumer, settings.keys, waiter=waiter)
    queue.claimed = {}
    metrics, shutdown = Metrics(CollectorRegistry()), Shutdown()
    activity = Activity(budget=TIMINGS.budget, busy=metrics.busy)
    watch = ComfyUIWatch(ReadyServer(), activity=activity, metrics=metrics)
    worker = Worker(
        "worker", TIMINGS, queue=translate_errors(queue, link), pictures=translate_errors(store, link),
        editor=NoOpEditor(), watch=watch, shutdown=shutdown, activity=activity, metrics=metrics,
    )  # fmt: skip
    bot = JobQueue(producer, settings.keys)
    pickups = []
    async with asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch.run())
        tasks.create_task(worker.run())
        for number in range(jobs + WARM_UP):
            job = asked(number)
            await store.put(job.edit.pictures[0], PICTURE)
            await asyncio.sleep(SETTLING)
            began = time.perf_counter()
            await bot.enqueue(job, Limits())
            while (status := await bot.status(job.id)) is None or not status.state.final:  # noqa: ASYNC110 - Redis' state
                await asyncio.sleep(SETTLING)
            pickups.append((queue.claimed[job.id] - began) * 1000)
        shutdown.leave()
        watching.cancel()
    for client in (producer, consumer, waiter, binary):
        await client.aclose()
    return pickups[WARM_UP:]


async def main() -> None:
    """Measure and print."""
    parser = command_line(__doc__)
    parser.add_argument("--jobs", type=whole(), default=500)
    jobs: int = parser.parse_args().jobs
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="pickup-") as folder:
        server = RedisServer(Path(folder))
        await server.start()
        try:
            pickups = await measure(server.url, jobs)
        finally:
            await server.stop()
    percentiles = statistics.quantiles(pickups, n=100)
    print(
        f"pickup of {jobs} jobs by an idle worker, one process' monotonic clock, "
        f"Redis with an append-only file: p50 {percentiles[49]:.2f} ms, p99 {percentiles[98]:.2f} ms, "
        f"max {max(pickups):.2f} ms"
    )


if __name__ == "__main__":
    asyncio.run(main())
