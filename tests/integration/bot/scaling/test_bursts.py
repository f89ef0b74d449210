"""A burst that wakes an idle bot is never counted by length: the key is there before the first job."""

from __future__ import annotations

import asyncio

import pytest

from qwenedit_jobs import Keys, RedisSettings, connect
from qwenedit_testkit.photos import photo

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = Keys()
BURST = 4


async def test_burst_to_an_idle_bot_never_waits_without_a_number(stage) -> None:
    people = [await stage.telegram.user() for _ in range(BURST)]
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:
        sending = asyncio.gather(*(person.send(photo=photo(), caption="make it snow") for person in people))
        numbers: set[int] = set()
        length = 0
        async with asyncio.timeout(60):
            while length < BURST or len(numbers) < 2:
                pipeline = redis.pipeline(transaction=True)
                pipeline.llen(KEYS.job_queue)
                pipeline.llen(KEYS.workers_wanted)
                length, entries = await pipeline.execute()
                assert entries or not length, "KEDA would go by length"
                if length:
                    numbers.add(entries)
        await sending
    assert min(numbers) == 1, "no decision yet: one worker for the job that waits"
