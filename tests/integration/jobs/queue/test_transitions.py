"""Each transition of a job: what it changes, what it answers, and that repeating it changes nothing more."""

from __future__ import annotations

import asyncio
import json

import pytest

from qwenedit_jobs import (
    Fail,
    Lease,
    Phase,
    Reason,
    RedisSettings,
    Release,
    Retry,
    Settled,
    State,
    UnreadableJobError,
    connect,
)
from qwenedit_testkit.job_queue import JobQueue

# ---------------------------------------------------------------- claim


async def test_job_is_taken_by_one_of_many_claims_that_wait(desk, redis_url):
    clients = [connect(RedisSettings(redis_url=redis_url), waits=True) for _ in range(5)]
    waiting = [
        asyncio.create_task(JobQueue(client, desk.keys).claim(worker=token, token=token, lease=30, wait=60))
        for token, client in zip("abcde", clients, strict=True)
    ]
    async with asyncio.timeout(30):
        while sum("b" in client["flags"] for client in await desk.redis.client_list()) < len(clients):
            await asyncio.sleep(0.01)
        job = await desk.enqueued()
        claims = await asyncio.gather(*waiting)  # all are woken, and the first one takes it
    for client in clients:
        await client.aclose()
    assert [claim.job for claim in claims if claim] == [job]
    assert await desk.places(job.id) == ["leases"]


async def test_claim_that_is_abandoned_while_it_waits_inside_redis_takes_nothing(desk, patient):
    queue = JobQueue(desk.redis, desk.keys, waiter=patient)
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(queue.claim(worker="worker-1", token="a", lease=30, wait=60))
        await asyncio.sleep(0.1)
        assert await queue.abandon("a") is Settled.LOST
        job = await desk.enqueued()
        async with asyncio.timeout(30):
            assert await waiting is None
    assert await desk.queue.waiting_ids() == [job.id]


async def test_job_of_a_newer_version_is_not_executed_by_half_but_can_be_shown_and_answered(desk):
    job = await desk.enqueued()
    key = desk.keys.job(job.id)
    payload = json.loads(await desk.redis.hget(key, "payload"))
    payload["edit"]["strength"] = 0.5
    await desk.redis.hset(key, mapping={"payload": json.dumps(payload), "phase": "upscaling", "reason": "out_of_luck"})
    with pytest.raises(UnreadableJobError):
        await desk.queue.claim(worker="w", token="t", lease=30)
    status = await desk.queue.status(job.id)
    assert (status.job, status.phase, status.reason) == (job, Phase.STARTING, Reason.UNKNOWN)


# ---------------------------------------------------------------- renew, progress, drain


async def deadline(desk, job_id):
    return await desk.redis.zscore(desk.keys.leases, job_id)


async def test_progress_shows_in_the_status_until_the_next_attempt(desk):
    claim = await desk.claimed()
    assert await desk.queue.heartbeat(claim.job.id, "token", phase=Phase.EDITING, step=2, steps=4) is Lease.HELD
    status = await desk.queue.status(claim.job.id)
    assert (status.phase, status.step, status.steps) == (Phase.EDITING, 2, 4)
    await desk.queue.settle(claim.job.id, "token", Release())
    status = await desk.queue.status(claim.job.id)
    assert (status.phase, status.step, status.steps) == (Phase.QUEUED, 0, 0)


async def test_draining_workers_job_keeps_its_lease_where_keda_does_not_count(desk):
    claim = await desk.claimed(lease=10)
    before = await deadline(desk, claim.job.id)
    assert await desk.queue.heartbeat(claim.job.id, "token", draining=True) is Lease.HELD
    assert await desk.queue.heartbeat(claim.job.id, "token", draining=True) is Lease.HELD
    assert await desk.places(claim.job.id) == ["draining"]
    assert await desk.redis.zscore(desk.keys.draining, claim.job.id) >= before
    assert await desk.queue.heartbeat(claim.job.id, "token", lease=100) is Lease.HELD
    assert await desk.places(claim.job.id) == ["draining"]
    assert await desk.redis.zscore(desk.keys.draining, claim.job.id) > before + 50_000
    await desk.expire(claim.job.id)
    assert [(lost.job_id, lost.outcome) for lost in (await desk.queue.tick()).lost] == [(claim.job.id, Settled.DELAYED)]
    assert await desk.places(claim.job.id) == ["delayed"]


# ---------------------------------------------------------------- the ways to let go


async def now(desk):
    """Milliseconds since the epoch by Redis' clock."""
    seconds, microseconds = await desk.redis.time()
    return seconds * 1000 + microseconds // 1000


async def test_retries_pause_as_long_as_was_said_at_acceptance_and_then_end(desk):
    claim = await desk.claimed("0", max_attempts=3, retry_delays=(5.0, 10.0))
    for token, delay in (("0", 5_000), ("1", 10_000)):
        before = await now(desk)
        assert await desk.queue.settle(claim.job.id, token, Retry(Reason.TIMEOUT)) is Settled.DELAYED
        assert before <= await desk.redis.zscore(desk.keys.delayed, claim.job.id) - delay <= await now(desk)
        await desk.due(claim.job.id)
        assert await desk.places(claim.job.id) == ["line"]
        await desk.queue.claim(worker="w", token=str(int(token) + 1), lease=30)
    assert await desk.queue.settle(claim.job.id, "2", Retry(Reason.TIMEOUT, "300 s")) is Settled.FAILED
    status = await desk.queue.status(claim.job.id)
    assert (status.state, status.reason, status.attempt) == (State.FAILED, Reason.TIMEOUT, 3)
    assert await desk.places(claim.job.id) == ["dead"]


async def test_attempt_ends_whatever_characters_its_error_has(desk):
    """Python reads a file's name that is no UTF-8 as text with half surrogate pairs, which Redis' JSON doesn't take."""
    job = (await desk.claimed("t")).job
    said = Fail(Reason.EXECUTION_FAILED, "no file models/\udcff\ud83d.safetensors \x00")
    assert await desk.queue.settle(job.id, "t", said) is Settled.FAILED
    assert await desk.redis.hget(desk.keys.job(job.id), "detail") == "no file models/??.safetensors \x00"
