"""Turns on a shared thing: one has it, the others are woken, and nobody keeps it for ever."""

from __future__ import annotations

import asyncio
import time

import pytest

from qwenedit_jobs.workers.turns import Turns


@pytest.fixture
def turns(desk, patient):
    return Turns(desk.redis, desk.keys, shared="http://comfyui:8188", waiter=patient)


async def test_only_one_has_the_turn_and_the_others_learn_who(turns):
    assert await turns.take("token-1", "worker-1", lease=10) == ""
    assert await turns.take("token-2", "worker-2", lease=10) == "worker-1"


async def test_taking_it_again_renews_it(turns, desk):
    await turns.take("token-1", "worker-1", lease=1)
    assert await turns.take("token-1", "worker-1", lease=100) == ""
    [key] = await desk.redis.keys("qwenedit:turn:*")
    assert await desk.redis.pttl(key) > 50_000


async def test_passed_on_it_wakes_the_one_who_waits(turns):
    await turns.take("token-1", "worker-1", lease=10)
    began = time.monotonic()
    waiting = asyncio.create_task(turns.wait(60))
    await asyncio.sleep(0.05)
    await turns.pass_on("token-1")
    await waiting
    assert time.monotonic() - began < 30
    assert await turns.take("token-2", "worker-2", lease=10) == ""


async def test_who_has_lost_it_cannot_pass_it_on(turns):
    await turns.take("token-2", "worker-2", lease=10)
    await turns.pass_on("token-1")
    assert await turns.take("token-1", "worker-1", lease=10) == "worker-2"


async def test_a_holder_that_dies_has_it_no_longer_than_its_lease(turns):
    await turns.take("token-1", "worker-1", lease=0.05)
    await asyncio.sleep(0.1)
    assert await turns.take("token-2", "worker-2", lease=10) == ""
    assert await turns.take("token-1", "worker-1", lease=10) == "worker-2"


async def test_one_that_ran_out_and_that_nobody_took_is_had_on(turns):
    await turns.take("token-1", "worker-1", lease=0.05)
    await asyncio.sleep(0.1)
    assert await turns.take("token-1", "worker-1", lease=10) == ""


async def test_an_old_wake_up_does_not_outlive_the_next_turn(turns):
    await turns.take("token-1", "worker-1", lease=10)
    await turns.pass_on("token-1")
    await turns.take("token-2", "worker-2", lease=10)
    began = time.monotonic()
    await turns.wait(0.2)
    assert time.monotonic() - began >= 0.15


async def test_each_server_has_turns_of_its_own(turns, desk):
    other = Turns(desk.redis, desk.keys, shared="http://other:8188")
    assert await turns.take("token-1", "worker-1", lease=10) == ""
    assert await other.take("token-2", "worker-2", lease=10) == ""
