"""Workers that share a ComfyUI take turns: whose turn it is not claims nothing, and harms no job."""

from __future__ import annotations

import asyncio
import time

import pytest

from qwenedit_jobs import State
from qwenedit_jobs.workers.turns import Turns
from qwenedit_worker.loop import turn as turn_module

SHARED = "http://comfyui:8188"
PATIENCE = 60.0
"""Seconds that a worker here waits for its turn."""


async def until(condition, *, within=30.0):
    deadline = time.monotonic() + within
    while not await condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


async def waits(bench):
    """Whether a worker waits until a turn is passed on."""
    clients = await bench.redis.client_list()
    return any(client["cmd"] == "blpop" and "b" in client["flags"] for client in clients)


def told(bench, name, **labels):
    return bench.registry.get_sample_value(name, labels)


@pytest.fixture
def turns(bench):
    return Turns(bench.redis, bench.keys, shared=SHARED)


async def test_a_job_is_not_claimed_while_another_worker_has_comfyui_and_at_once_when_it_is_free(bench, turns):
    await turns.take("another", "worker-2", lease=300)
    async with bench.working(shared=SHARED, patience=PATIENCE):
        job = await bench.enqueue()
        await until(lambda: waits(bench))
        await asyncio.sleep(0.3)
        assert (await bench.queue.status(job.id)).state is State.QUEUED
        began = time.monotonic()
        await turns.pass_on("another")
        status = await bench.until_final(job)
        assert time.monotonic() - began < PATIENCE / 2
    assert (status.state, status.attempt) == (State.DONE, 1)
    assert told(bench, "qwenedit_comfyui_turn_wait_seconds_total") > 0.2


async def test_the_turn_is_passed_on_after_each_job(bench, turns):
    async with bench.working(shared=SHARED):
        await bench.until_final(await bench.enqueue())

        async def is_free():
            return await turns.take("another", "worker-2", lease=30) == ""

        await until(is_free)
    assert told(bench, "qwenedit_comfyui_turns_total", outcome="passed_on") >= 1


async def test_it_is_renewed_for_as_long_as_the_job_runs(bench, turns, monkeypatch):
    monkeypatch.setattr(turn_module, "LEASE", 3.0)
    ends = asyncio.Event()

    async def go_on(_on_progress):
        await ends.wait()

    bench.editor.script.append(go_on)
    async with bench.working(shared=SHARED):
        job = await bench.enqueue()
        await bench.until(job, lambda status: status.state is State.RUNNING)
        left, renewals = await bench.redis.pttl(turns._keys[0]), 0
        while renewals < 2:
            await asyncio.sleep(0.05)
            assert await turns.take("another", "worker-2", lease=30) == "worker-1"
            before, left = left, await bench.redis.pttl(turns._keys[0])
            renewals += left > before
        ends.set()
        await bench.until_final(job)


async def test_a_worker_whose_turn_was_lost_stops_and_gives_the_job_back_unharmed(bench, turns, monkeypatch):
    monkeypatch.setattr(turn_module, "LEASE", 0.3)

    async def go_on(_on_progress):
        await asyncio.Event().wait()

    bench.editor.script.append(go_on)
    async with bench.working(shared=SHARED):
        job = await bench.enqueue()
        await bench.until(job, lambda status: status.state is State.RUNNING)
        await bench.redis.set(turns._keys[0], "another worker-2", ex=30)
        assert await turns.take("another", "worker-2", lease=30) == ""
        await asyncio.wait_for(bench.editor.stopped.wait(), 30)
        status = await bench.until(job, lambda status: status.state is State.QUEUED)
        assert status.attempt == 0
        await turns.pass_on("another")
        assert (await bench.until_final(job)).attempt == 1
    assert told(bench, "qwenedit_comfyui_turns_total", outcome="lost") == 1


async def test_a_worker_that_has_waited_long_enough_lets_others_have_the_job(bench, turns):
    await turns.take("another", "worker-2", lease=30)
    async with bench.working(shared=SHARED, patience=0.1) as parts:
        job = await bench.enqueue()

        async def gave_up():
            return told(bench, "qwenedit_comfyui_turns_total", outcome="not_had")

        await until(gave_up)
        assert (await bench.queue.claim(worker="worker-3", token="t", lease=30)).job.id == job.id
        assert not parts.task.done()
    assert told(bench, "qwenedit_comfyui_turns_total", outcome="passed_on") == 0


async def test_a_worker_that_drains_waits_for_no_turn(bench, turns):
    await turns.take("another", "worker-2", lease=30)
    async with bench.working(shared=SHARED) as parts:
        job = await bench.enqueue()
        await until(lambda: waits(bench))
        bench.shutdown.drain()
        await asyncio.wait_for(parts.task, 30)
    assert (await bench.queue.status(job.id)).state is State.QUEUED
