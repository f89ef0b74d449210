"""Time as the queue takes it: who waited too long, and a clock of Redis that steps."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Lease, Reason, Release, Retry, Settled, State, Tick, UnreadableJobError

HOUR = 3_600.0
PASSED_OVER = 10.0
"""Seconds for which a step counts at most."""


async def step(desk, seconds):
    """Let Redis' wall clock have stepped since the last tick: what was noted of it lies further back, or ahead."""
    for field in ("seen", "ahead"):
        await desk.redis.hincrby(desk.keys.time, field, -round(seconds * 1000))


# ---------------------------------------------------------------- waited too long


async def wait_too_long(desk, job_id):
    await desk.redis.hset(desk.keys.job(job_id), "expires_at", 1)


async def test_job_that_began_in_time_may_wait_for_its_next_attempt_as_long_again_and_no_longer(desk):
    claim = await desk.claimed()
    await desk.queue.settle(claim.job.id, claim.token, Retry(Reason.TIMEOUT))
    await desk.due(claim.job.id)
    await wait_too_long(desk, claim.job.id)
    assert list((await desk.queue.tick()).expired) == [claim.job.id]


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


async def test_step_between_two_ticks_counts_a_few_seconds_for_calls_in_between(desk):
    await desk.enqueued()
    await desk.queue.tick()
    await step(desk, HOUR)
    claim = await desk.queue.claim(worker="w", token="t", lease=30)
    await desk.queue.tick()
    await desk.later(31 + PASSED_OVER)
    assert [lost.job_id for lost in (await desk.queue.tick()).lost] == [claim.job.id]


# ---------------------------------------------------------------- two versions at once


async def test_job_that_one_worker_cannot_read_is_left_to_the_others_uncounted(desk):
    job, other = await desk.enqueued(1), await desk.enqueued(2)
    await desk.redis.hset(desk.keys.job(job.id), "payload", '{"from": "the future"}')
    with pytest.raises(UnreadableJobError):
        await desk.queue.claim(worker="old", token="a", lease=30)
    for _ in range(2):
        assert await desk.queue.settle(job.id, "a", Release(pause=5.0)) is Settled.DELAYED
    assert await desk.queue.settle(job.id, "other", Release(pause=5.0)) is Settled.LOST
    assert (await desk.queue.claim(worker="old", token="b", lease=30)).job == other
    assert await desk.redis.hget(desk.keys.job(job.id), "attempt") == "0"
    await desk.due(job.id)
    assert await desk.places(job.id) == ["line"]


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


# ---------------------------------------------------------------- answers


async def test_difference_after_a_step_goes_away_at_once_where_nothing_waits(desk):
    await desk.redis.hset(desk.keys.time, mapping={"seen": 1, "ahead": 60_000})
    await desk.queue.tick()
    assert not await desk.redis.exists(desk.keys.time)
