"""A running job is stopped: by its user, by another worker's lease, by the worker's own end."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from local_stack import RedisServer
from qwenedit_jobs import QueueLimits, Settled, State
from qwenedit_testkit.job_queue import JobQueue
from qwenedit_testkit.waiting import eventually
from qwenedit_worker.comfyui import EditStage, Progress

LIMITS = QueueLimits(retry_delays=(60.0,))  # a pause that ends when a test says so
LEASE = 60.0
"""Seconds."""


async def forever(_on_progress):
    await asyncio.Event().wait()


@pytest.fixture
async def running(bench):
    """Have a job in a worker's hands that would run for ever."""
    bench.editor.script.append(forever)
    job = await bench.enqueue(limits=LIMITS)
    async with bench.working(lease=LEASE) as parts:
        await bench.until(job, lambda _status: bool(bench.editor.calls))
        parts.job = job
        yield parts


@pytest.fixture
def patient(monkeypatch):
    """Have a worker that ends wait for Redis for as long as a busy machine may need."""
    monkeypatch.setattr("qwenedit_worker.timeouts.LEAVING_CALL", 60.0)


async def stopped(bench):
    await asyncio.wait_for(bench.editor.stopped.wait(), 30)


async def test_lease_is_renewed_for_as_long_as_the_job_runs(bench):
    ends = asyncio.Event()

    async def go_on(_on_progress):
        await ends.wait()

    bench.editor.script.append(go_on)
    job = await bench.enqueue()
    async with bench.working(lease=18.0), asyncio.timeout(120):
        ends_of_lease = {None}
        while len(ends_of_lease) < 4:  # it was renewed twice
            assert [(lost.job_id, lost.outcome) for lost in (await bench.queue.tick()).lost] == []
            ends_of_lease.add(await bench.redis.zscore(bench.keys.leases, job.id))
            await asyncio.sleep(0.05)
        ends.set()
        status = await bench.until_final(job)
    assert (status.state, status.attempt) == (State.DONE, 1)


async def test_worker_that_lost_its_lease_stops_and_says_nothing(bench, running):
    await bench.redis.zadd(bench.keys.leases, {running.job.id: 0})
    assert [(lost.job_id, lost.outcome) for lost in (await bench.queue.tick()).lost] == [
        (running.job.id, Settled.DELAYED)
    ]
    await stopped(bench)
    assert (await bench.queue.status(running.job.id)).state is State.DELAYED
    await bench.redis.zadd(bench.keys.delayed, {running.job.id: 0})
    await bench.queue.tick()
    status = await bench.until_final(running.job)
    assert (status.state, status.attempt) == (State.DONE, 2)
    assert bench.metric("qwenedit_attempts_total", outcome="lost", reason="") == 1


async def test_picture_that_comes_after_the_lease_was_lost_is_refused(bench):
    lost = asyncio.Event()

    async def late(_on_progress):
        await lost.wait()

    bench.editor.script.append(late)
    job = await bench.enqueue(limits=LIMITS)
    async with bench.working():
        await bench.until(job, lambda _status: bool(bench.editor.calls))
        await bench.redis.zadd(bench.keys.leases, {job.id: 0})
        await bench.queue.tick()
        lost.set()
        await asyncio.sleep(0.2)
        assert (await bench.queue.status(job.id)).state is State.DELAYED
    assert await bench.redis.xlen(bench.keys.events) == 0
    assert bench.metric("qwenedit_stale_completions_refused_total") == 1


async def test_told_twice_the_worker_gives_the_job_back_unharmed(bench, running):
    bench.shutdown.leave()
    await asyncio.sleep(0.05)
    assert not running.task.done()
    bench.shutdown.leave()
    await asyncio.wait_for(running.task, 30)
    assert bench.editor.stopped.is_set()
    status = await bench.queue.status(running.job.id)
    assert (status.state, status.attempt) == (State.QUEUED, 0)
    assert await bench.queue.waiting_ids() == [running.job.id]


@pytest.mark.usefixtures("patient")
async def test_worker_that_crashes_gives_its_job_back(bench, running):
    running.task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running.task
    status = await bench.queue.status(running.job.id)
    assert (status.state, status.attempt) == (State.QUEUED, 0)


class LossyQueue(JobQueue):
    """Carries calls out and loses the first replies."""

    def __init__(self, bench, lose):
        super().__init__(bench.redis, bench.keys)
        self.lose = dict(lose)
        self.hang = asyncio.Event()

    async def claim(self, *, wait=0.0, **how):
        return await self._lost("waiting claim" if wait else "claim", await super().claim(wait=wait, **how))

    async def settle(self, *how):
        return await self._lost("settle", await super().settle(*how))

    async def abandon(self, token):
        return await self._lost("abandon", await super().abandon(token))

    async def heartbeat(self, *job, **how):
        return await self._lost("heartbeat", await super().heartbeat(*job, **how))

    async def _lost(self, call, reply):
        fate = self.lose.pop(call, None)
        if fate == "lost":
            raise RedisConnectionError("the reply was lost")
        if fate == "hangs":
            self.hang.set()
            await asyncio.Event().wait()
        return reply


@pytest.mark.parametrize("transition", ["waiting claim", "settle", "heartbeat"])
async def test_lost_reply_changes_nothing(bench, transition):
    queue = LossyQueue(bench, {transition: "lost"})

    async def a_while(on_progress):
        on_progress(Progress(EditStage.EDITING, step=1, steps=4))
        await asyncio.sleep(0.5)
        while queue.lose and transition != "settle":
            await asyncio.sleep(0.01)

    bench.editor.script.append(a_while)
    job = await bench.enqueue()
    async with bench.working(queue=queue, lease=10.0):
        status = await bench.until_final(job)
        await asyncio.sleep(0.1)
    assert (status.state, status.attempt) == (State.DONE, 1)
    assert len(bench.editor.calls) == 1
    assert await bench.redis.xlen(bench.keys.events) == 1
    assert queue.lose == {}
    assert bench.metric("qwenedit_attempts_total", outcome="done", reason="") == 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("end", ["cancelled", "told to leave"])
async def test_worker_that_ends_in_mid_claim_gives_back_what_it_may_have_taken(bench, end):
    job = await bench.enqueue()
    queue = LossyQueue(bench, {"waiting claim": "hangs"})
    async with bench.working(queue=queue) as parts:
        await asyncio.wait_for(queue.hang.wait(), 30)
        assert (await bench.queue.status(job.id)).state is State.RUNNING
        if end == "cancelled":
            parts.task.cancel()
        else:
            bench.shutdown.drain()
        await asyncio.wait_for(asyncio.wait([parts.task]), 30)
    status = await bench.queue.status(job.id)
    assert (status.state, status.attempt) == (State.QUEUED, 0)
    assert bench.editor.calls == []


async def test_picture_made_while_redis_was_away_is_handed_in_when_it_is_back(tmp_path, make_bench):
    server = RedisServer(tmp_path / "redis")
    await server.start()
    bench = await make_bench(server.url)

    async def outlives_redis(_on_progress):
        await asyncio.sleep(1.2)  # `appendfsync everysec`
        await server.kill()

    bench.editor.script.append(outlives_redis)
    job = await bench.enqueue()
    async with bench.working():
        await eventually(lambda: not server.running)
        await asyncio.sleep(1)
        await server.start()
        status = await bench.until_final(job)
    assert (status.state, status.attempt) == (State.DONE, 1)
    await server.stop()


async def test_worker_that_must_leave_does_not_wait_for_redis_for_ever(tmp_path, make_bench):
    server = RedisServer(tmp_path / "redis")
    await server.start()
    bench = await make_bench(server.url)

    async def outlives_redis(_on_progress):
        await server.kill()

    bench.editor.script.append(outlives_redis)
    await bench.enqueue()
    async with bench.working() as parts:
        await eventually(lambda: bench.editor.calls and not server.running)
        bench.shutdown.leave()
        await asyncio.sleep(0.5)
        assert not parts.task.done()
        bench.shutdown.leave()
        await asyncio.wait_for(parts.task, 30)
