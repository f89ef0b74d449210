"""A worker's own code on a real Redis, with an editor whose every move the test decides."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_jobs import (
    Edit,
    Job,
    Keys,
    QueueLimits,
    RedisPictureStore,
    RedisSettings,
    ReplyTo,
    connect,
    input_ref,
    job_id,
)
from qwenedit_testkit.job_queue import JobQueue
from qwenedit_worker.comfyui import ComfyUIUnavailable, EditResult, EditStage, ExecutorVerdict, Progress, SilentExecutor
from qwenedit_worker.health.activity import Activity
from qwenedit_worker.health.comfyui_watch import ComfyUIWatch
from qwenedit_worker.health.shutdown import Shutdown
from qwenedit_worker.loop.worker import Timings, Worker
from qwenedit_worker.redis_link import RedisLink, translate_errors
from qwenedit_worker.telemetry.metrics import Metrics

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\x00\x05\x00\x01\xff\x56\xc7\x2f\r"
    b"\x00\x00\x00\x00IEND\xaeB`\x82"
)


class ScriptedEditor:
    """Does with each edit what the test has put into `script`; edits at once when there is nothing."""

    def __init__(self):
        self.script: deque[Any] = deque()
        self.calls = []
        self.first_stage = EditStage.STARTING
        self.stopped = asyncio.Event()
        self.has_others_jobs = False

    async def edit(self, job, *, attempt, pictures, on_progress, deadline):
        self.calls.append(SimpleNamespace(job=job, attempt=attempt, pictures=pictures, deadline=deadline))
        on_progress(Progress(self.first_stage))
        step = self.script.popleft() if self.script else None
        if isinstance(step, BaseException):
            raise step
        if step is not None:
            try:
                result = await step(on_progress)
            except asyncio.CancelledError:
                self.stopped.set()
                raise
            if result is not None:
                return result
        return EditResult(png=PNG, seed=job.edit.seed, seconds=0.01)


class ScriptedServer:
    """A ComfyUI that is as ready, and as dead, as the test says."""

    def __init__(self):
        self.problem = None
        self.verdict_now = ExecutorVerdict(condemned=False, reason="alive")
        self.checks = 0

    async def check(self):
        self.checks += 1
        if self.problem is not None:
            raise self.problem
        if self.verdict_now.condemned:
            raise SilentExecutor(self.verdict_now.reason)

    async def verdict(self):
        return self.verdict_now


class Bench:
    """Both sides of the queue: jobs go in as the bot's, and a worker takes them out."""

    def __init__(self, url):
        self.url = url
        self.settings = RedisSettings(redis_url=url)
        self.keys = Keys()
        self.redis = connect(self.settings)
        self.binary = connect(self.settings, decode=False)
        self.queue = JobQueue(self.redis, self.keys)
        self.store = RedisPictureStore(self.binary, self.keys, ttl=600)
        self.editor = ScriptedEditor()
        self.server = ScriptedServer()
        self.shutdown = Shutdown()
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self.limits = QueueLimits(max_unfinished_per_user=100, retry_delays=(0.05,))
        self.jobs = 0

    async def close(self):
        await self.redis.aclose()
        await self.binary.aclose()

    def metric(self, name, **labels):
        return self.registry.get_sample_value(name, labels) or 0.0

    async def enqueue(self, *, picture=PNG, prompt="make it snow", limits=None, **edit):
        self.jobs += 1
        identity = job_id(1, self.jobs, key=b"tests")
        ref = input_ref(identity, 0)
        if picture is not None:
            await self.store.put(ref, picture)
        job = Job(
            id=identity,
            user_id=1,
            edit=Edit(prompt=prompt, pictures=(ref,), seed=7, **edit),
            reply=ReplyTo(chat_id=1, placeholder_id=2, source_message_id=self.jobs, language="en"),
        )
        await self.queue.enqueue(job, limits or self.limits)
        return job

    async def until(self, job, predicate, *, within=120.0):
        deadline = time.monotonic() + within
        while True:
            status = await self.queue.status(job.id)
            if status is not None and predicate(status):
                return status
            assert time.monotonic() < deadline, f"still {status}"
            await asyncio.sleep(0.01)

    async def until_final(self, job, *, within=120.0):
        return await self.until(job, lambda status: status.state.final, within=within)

    def make_worker(self, *, name="worker-1", polling=0.5, lease=30.0, budget=300.0, editor=None, queue=None):
        activity = Activity(budget=budget, busy=self.metrics.busy)
        link = RedisLink(on_change=self.metrics.redis_up.set)
        waiter = connect(self.settings, waits=True)
        queue = queue or JobQueue(connect(self.settings), self.keys, waiter=waiter)
        watch = ComfyUIWatch(self.server, activity=activity, metrics=self.metrics)
        worker = Worker(
            name,
            Timings(polling_interval=polling, lease=lease, budget=budget),
            queue=translate_errors(queue, link),
            pictures=translate_errors(self.store, link),
            editor=editor or self.editor,
            watch=watch,
            shutdown=self.shutdown,
            activity=activity,
            metrics=self.metrics,
        )
        return SimpleNamespace(worker=worker, watch=watch, activity=activity, link=link, clients=(queue._redis, waiter))

    @asynccontextmanager
    async def working(self, **options):
        """Have a worker at work inside the block; it is told to leave at its end."""
        parts = self.make_worker(**options)
        running = asyncio.create_task(parts.worker.run())
        helpers = [asyncio.create_task(parts.watch.keep_checking()), asyncio.create_task(parts.watch.keep_judging())]
        try:
            yield SimpleNamespace(task=running, **vars(parts))
        finally:
            self.shutdown.abandon()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait_for(running, 120)
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            for client in parts.clients:
                await client.aclose()


@pytest.fixture
async def bench(redis_url):
    bench = Bench(redis_url)
    yield bench
    await bench.close()


@pytest.fixture
async def make_bench():
    """Make benches on servers of the test's own."""
    benches = []

    async def make(url):
        benches.append(Bench(url))
        return benches[-1]

    yield make
    for bench in benches:
        await bench.close()


@pytest.fixture
def unavailable():
    """Make the error of a ComfyUI that is not there."""
    return lambda *, submitted: ComfyUIUnavailable("connection refused", submitted=submitted)
