"""Time as the queue takes it: who waited too long, and a clock of Redis that steps."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Lease, Reason, Release, Retry, Settled, State, Tick

HOUR = 3_600.0


async def step(desk, seconds):
    """Let Redis' wall clock have stepped since the last tick: what was noted of it lies further back, or ahead."""
    for field in ("seen", "ahead"):
        await desk.redis.hincrby(desk.keys.time, field, -round(seconds * 1000))


# ---------------------------------------------------------------- waited too long


@pytest.mark.parametrize("how", ["release", "requeue"])
async def test_time_in_a_workers_hands_is_no_waiting(desk, how):
    claim = await desk.claimed(max_wait=60.0, lease=HOUR)
    await desk.later(61)
    if how == "release":
        await desk.queue.settle(claim.job.id, claim.token, Release())
    else:
        await desk.operated.requeue(claim.job.id)
    assert list((await desk.queue.tick()).expired) == []


# ---------------------------------------------------------------- a clock that steps


@pytest.mark.parametrize("seconds", [HOUR, 100 * HOUR, -HOUR, -100 * HOUR])
async def test_step_of_redis_clock_neither_ends_nor_prolongs_what_is_waited_for(desk, seconds):
    await desk.claimed("running", number=1)
    await desk.claimed("paused", number=2)
    await desk.queue.settle(desk.job(2).id, "paused", Retry(Reason.TIMEOUT))
    await desk.enqueued(3, max_wait=90.0)
    await desk.queue.tick()
    await step(desk, seconds)
    assert await desk.queue.tick() == Tick((), (), ())
    assert await desk.queue.heartbeat(desk.job(1).id, "running", lease=30) is Lease.HELD
    await desk.later(31)
    tick = await desk.queue.tick()
    assert ([lost.job_id for lost in tick.lost], tick.due, tick.expired) == ([desk.job(1).id], (), ())
    await desk.later(30)
    assert (await desk.queue.tick()).due == (desk.job(2).id,)
    await desk.later(30)
    assert desk.job(3).id in (await desk.queue.tick()).expired


# ---------------------------------------------------------------- given back


async def test_deferred_job_comes_again_after_the_pause_and_waits_no_longer_in_all_than_it_may(desk):
    claim = await desk.claimed()
    until = (await desk.queue.status(claim.job.id)).expires_at
    assert await desk.queue.settle(claim.job.id, claim.token, Release("no picture", pause=40.0)) is Settled.DELAYED
    now = (await desk.redis.time())[0] * 1000
    assert 30_000 < await desk.redis.zscore(desk.keys.delayed, claim.job.id) - now < 41_000
    assert (await desk.queue.status(claim.job.id)).expires_at == until
    status = await desk.queue.status(claim.job.id)
    assert (status.state, status.detail, status.reason) == (State.DELAYED, "no picture", None)


async def test_job_that_waited_with_its_worker_is_the_next_one_and_waits_no_longer_in_all_than_it_may(desk):
    claim = await desk.claimed(max_wait=60.0, lease=HOUR)
    await desk.enqueued(2, max_wait=HOUR)
    await desk.later(61)
    assert await desk.queue.settle(claim.job.id, claim.token, Release("others first", pause=0.0)) is Settled.QUEUED
    assert await desk.redis.lindex(desk.keys.job_queue, -1) == claim.job.id
    assert list((await desk.queue.tick()).expired) == [claim.job.id]
