"""Many at once, and a Redis that is full: a job is in one place, is taken once, and ends once."""

from __future__ import annotations

import asyncio
import random

import pytest

from qwenedit_jobs import Cancelled, Done, JobQueue, RedisSettings, Result, Settled, connect
from qwenedit_jobs.redis.chunks import CHUNK

RESULT = Result(picture="x:out:1", seed=7, seconds=1.5)


@pytest.mark.parametrize("turn", range(4))
async def test_cancel_against_claim_has_one_winner(desk, turn):
    job = await desk.enqueued()
    calls = [desk.queue.cancel(job.id), desk.queue.claim(worker="w", token="t", lease=30)]
    if turn % 2:
        calls.reverse()
    first, second = await asyncio.gather(*calls)
    cancelled, claim = (first, second) if isinstance(first, Cancelled) else (second, first)
    if claim is None:
        assert cancelled is Cancelled.CANCELLED
    else:
        assert cancelled is Cancelled.CANCELLING
        assert await desk.queue.settle(job.id, "t", Done(RESULT, bytes(CHUNK + 1))) is Settled.CANCELLED
        assert not await desk.redis.exists(desk.keys.picture(RESULT.picture))
    assert await desk.events() == [(job.id, "cancelled")]


async def test_claim_whose_connection_was_closed_takes_nothing(desk, redis_url):
    client = connect(RedisSettings(redis_url=redis_url), waits=True)
    claiming = JobQueue(client, desk.keys).claim(worker="w", token="t", lease=30, wait=60)
    waiting = asyncio.create_task(claiming)
    await asyncio.sleep(0.2)
    waiting.cancel()
    await asyncio.wait([waiting])
    job = await desk.enqueued()
    await asyncio.sleep(0.2)
    assert await desk.queue.waiting_ids() == [job.id]
    await client.aclose()


async def test_claim_that_is_abandoned_as_a_job_arrives_keeps_nothing(desk):
    for number in range(100):
        token = f"token-{number}"
        waiting = asyncio.create_task(desk.queue.claim(worker="w", token=token, lease=30, wait=2))
        await asyncio.sleep(0)
        enqueuing = asyncio.create_task(desk.enqueued(number))
        for _ in range(random.randrange(12)):  # noqa: S311 - order, not secrets
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting, enqueuing])
        await desk.queue.abandon(token)
    assert len(await desk.queue.waiting_ids()) == 100
