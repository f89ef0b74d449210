"""Time as the queue takes it: who waited too long, and a clock of Redis that jumps."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Reason, Settled, State, UnreadableJobError

HOUR = 3_600_000
"""Milliseconds."""


async def jump(desk, milliseconds):
    """Let Redis' clock have jumped since it was last looked at: what was noted lies further back, or ahead."""
    redis, keys = desk.redis, desk.keys
    now, micro = await redis.time()
    await redis.set(keys.clock, now * 1000 + micro // 1000 - milliseconds)
    for key in (keys.leases, keys.draining, keys.delayed):
        for job_id, score in await redis.zrange(key, 0, -1, withscores=True):
            await redis.zadd(key, {job_id: score - milliseconds})
    for key in await redis.keys(keys.job("*")):
        for field in ("expires_at", "enqueued_at", "started_at"):
            if await redis.hexists(key, field):
                await redis.hincrby(key, field, -milliseconds)


async def everything(desk):
    """Do what the bot's janitor does each second."""
    return await desk.queue.reap(), await desk.queue.promote(), await desk.queue.expire()


# ---------------------------------------------------------------- waited too long


async def wait_too_long(desk, job_id):
    await desk.redis.hset(desk.keys.job(job_id), "expires_at", 1)


async def test_job_that_began_in_time_is_not_too_late_after_its_worker_was_lost(desk):
    claim = await desk.claimed()
    await wait_too_long(desk, claim.job.id)
    await desk.expire(claim.job.id)
    await desk.queue.reap()
    await desk.due(claim.job.id)
    await desk.queue.promote()
    assert await desk.queue.expire() == []
    assert (await desk.queue.claim(worker="w", token="second", lease=30)).attempt == 2


async def test_job_that_began_in_time_may_wait_for_its_next_attempt_as_long_again_and_no_longer(desk):
    claim = await desk.claimed()
    await desk.queue.retry(claim.job.id, claim.token, Reason.TIMEOUT)
    await desk.due(claim.job.id)
    await desk.queue.promote()
    await wait_too_long(desk, claim.job.id)
    assert await desk.queue.expire() == [claim.job.id]


@pytest.mark.parametrize("how", ["release", "requeue"])
async def test_time_in_a_workers_hands_is_no_waiting(desk, how):
    claim = await desk.claimed()
    key = desk.keys.job(claim.job.id)
    begun = int(await desk.redis.hget(key, "started_at"))
    await desk.redis.hset(key, mapping={"started_at": begun - HOUR, "expires_at": begun - HOUR + 60_000})
    if how == "release":
        await desk.queue.release(claim.job.id, claim.token)
    else:
        await desk.operated.requeue(claim.job.id)
    assert await desk.queue.expire() == []


async def test_job_of_the_release_before_that_does_not_say_how_long_it_may_wait_is_retried(desk):
    claim = await desk.claimed()
    await desk.redis.hdel(desk.keys.job(claim.job.id), "max_wait", "picture_ttl")
    assert await desk.queue.retry(claim.job.id, claim.token, Reason.TIMEOUT) is Settled.DELAYED
    await desk.due(claim.job.id)
    assert (await desk.queue.claim(worker="w", token="b", lease=30)).attempt == 2


# ---------------------------------------------------------------- a clock that jumps


@pytest.mark.parametrize("milliseconds", [HOUR, 100 * HOUR, -HOUR])
async def test_jump_of_redis_clock_ends_no_wait_no_lease_and_no_pause(desk, milliseconds):
    await desk.enqueued(1)
    await desk.queue.claim(worker="w", token="t", lease=30)
    await desk.enqueued(2)
    await desk.queue.claim(worker="w", token="paused", lease=30)
    await desk.queue.retry(desk.job(2).id, "paused", Reason.TIMEOUT)
    await desk.enqueued(3)
    await jump(desk, milliseconds)
    assert await everything(desk) == ([], [], [])
    running, paused, waiting = [await desk.places(desk.job(number).id) for number in (1, 2, 3)]
    assert (running, paused, waiting) == (["leases"], ["delayed"], ["line"])
    now = (await desk.redis.time())[0] * 1000
    assert 0 < await desk.redis.zscore(desk.keys.leases, desk.job(1).id) - now < 60_000
    assert 0 < await desk.redis.zscore(desk.keys.delayed, desk.job(2).id) - now < 120_000
    expires_at = int(await desk.redis.hget(desk.keys.job(desk.job(3).id), "expires_at"))
    assert abs(expires_at - now - HOUR) < 60_000


@pytest.mark.parametrize("call", ["claim", "renew", "enqueue"])
async def test_jump_of_redis_clock_is_seen_by_whoever_calls_first(desk, call):
    await desk.enqueued(1)
    await desk.queue.claim(worker="w", token="t", lease=30)
    waiting = await desk.enqueued(2)
    await jump(desk, HOUR)
    if call == "claim":
        assert (await desk.queue.claim(worker="w", token="u", lease=30)).job == waiting
    elif call == "renew":
        assert await desk.queue.renew(desk.job(1).id, "t", lease=30) == "held"
    else:
        await desk.enqueued(3)
    assert await everything(desk) == ([], [], [])


async def test_minutes_without_a_jump_end_waits_and_leases_as_ever(desk):
    await desk.enqueued(1)
    await desk.queue.claim(worker="w", token="t", lease=30)
    await desk.enqueued(2, max_wait=60.0)
    await jump(desk, 120_000)
    reaped, _promoted, expired = await everything(desk)
    assert reaped == [(desk.job(1).id, Settled.DELAYED)]
    assert expired == [desk.job(2).id]


async def test_jump_with_a_paused_queue_moves_the_waits_of_the_held_line(desk):
    job = await desk.enqueued(1)
    await desk.operated.pause()
    await jump(desk, HOUR)
    assert await everything(desk) == ([], [], [])
    await desk.operated.resume()
    assert (await desk.queue.claim(worker="w", token="t", lease=30)).job == job


# ---------------------------------------------------------------- two versions at once


async def test_job_that_one_worker_cannot_read_is_left_to_the_others_uncounted(desk):
    job, other = await desk.enqueued(1), await desk.enqueued(2)
    await desk.redis.hset(desk.keys.job(job.id), "payload", '{"from": "the future"}')
    with pytest.raises(UnreadableJobError):
        await desk.queue.claim(worker="old", token="a", lease=30)
    for _ in range(2):
        assert await desk.queue.defer(job.id, "a") is Settled.DELAYED
    assert await desk.queue.defer(job.id, "other") is Settled.LOST
    assert (await desk.queue.claim(worker="old", token="b", lease=30)).job == other
    assert await desk.redis.hget(desk.keys.job(job.id), "attempt") == "0"
    await desk.due(job.id)
    assert await desk.queue.promote() == [job.id]


async def test_deferred_job_comes_again_after_the_pause_and_waits_no_longer_in_all_than_it_may(desk):
    claim = await desk.claimed()
    until = (await desk.queue.status(claim.job.id)).expires_at
    assert await desk.queue.defer(claim.job.id, claim.token, 40.0, "no picture") is Settled.DELAYED
    now = (await desk.redis.time())[0] * 1000
    assert 30_000 < await desk.redis.zscore(desk.keys.delayed, claim.job.id) - now < 41_000
    assert (await desk.queue.status(claim.job.id)).expires_at == until
    [record] = await desk.operated.records([claim.job.id])
    assert (record.state, record.detail, record.reason) == (State.DELAYED, "no picture", None)


# ---------------------------------------------------------------- answers


async def test_answer_to_a_failure_does_not_count_for_the_next_end_of_a_requeued_job(desk):
    claim = await desk.claimed()
    await desk.queue.fail(claim.job.id, claim.token, Reason.TIMEOUT)
    told = (await desk.queue.status(claim.job.id)).ending
    await desk.operated.requeue(claim.job.id)  # while the bot tells of the failure
    assert not await desk.queue.answered(claim.job.id, ending=told)
    assert not await desk.queue.answered(claim.job.id)
    assert await desk.redis.ttl(desk.keys.job(claim.job.id)) == -1
    await desk.queue.claim(worker="w", token="second", lease=30)
    await desk.queue.fail(claim.job.id, "second", Reason.OUT_OF_MEMORY)
    assert not await desk.queue.answered(claim.job.id, ending=told)
    assert not await desk.queue.was_answered(claim.job.id)
    status = await desk.queue.status(claim.job.id)
    assert (status.state, status.ending, status.answered) == (State.FAILED, told + 1, False)
    assert await desk.queue.answered(claim.job.id, ending=status.ending)
