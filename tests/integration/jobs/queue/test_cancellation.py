"""A task that speaks to Redis ends when it is cancelled, at whatever moment that comes."""

from __future__ import annotations

import asyncio

import pytest

from qwenedit_jobs import JobQueue, Keys, RedisSettings, connect


@pytest.mark.parametrize("connected", [False, True])
async def test_waiting_ends_at_any_moment_of_it(redis_url, connected):
    swallowed = []
    for moment in range(30):
        redis = connect(RedisSettings(redis_url=redis_url), waits=True)
        if connected:
            await redis.ping()
        waiting = asyncio.create_task(JobQueue(redis, Keys()).claim(worker="w", token="t", lease=30, wait=60))
        for _ in range(moment):
            await asyncio.sleep(0)
        waiting.cancel()
        _, pending = await asyncio.wait([waiting], timeout=20)
        if pending:
            swallowed.append(moment)
            waiting.cancel()
            await asyncio.wait([waiting])
        await redis.aclose()
    assert swallowed == []


async def test_client_whose_call_was_cancelled_still_answers_the_next_one_rightly(redis_url):
    redis = connect(RedisSettings(redis_url=redis_url))
    await redis.set("a", "first")
    for moment in range(20):
        call = asyncio.ensure_future(redis.get("a"))
        for _ in range(moment):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        assert await redis.echo(f"number {moment}") == f"number {moment}"
    await redis.aclose()
