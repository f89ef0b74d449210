"""A burst that wakes an idle bot is never counted by length: the key is there before the first job."""

from __future__ import annotations

import asyncio

import pytest

from qwenedit_jobs import Keys, RedisSettings, connect
from qwenedit_testkit.photos import photo

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEYS = Keys()
BURST = 4


async def burst(stage, redis) -> set[int]:
    """Have people send photos at once, and return the lengths that the key has until a decision about them all."""
    people = [await stage.telegram.user() for _ in range(BURST)]
    sending = asyncio.gather(*(person.send(photo=photo(), caption="make it snow") for person in people))
    numbers: set[int] = set()
    length = 0
    async with asyncio.timeout(60):
        while length < BURST or max(numbers) < 2:
            pipeline = redis.pipeline(transaction=True)
            pipeline.llen(KEYS.job_queue)
            pipeline.llen(KEYS.workers_wanted)
            length, entries = await pipeline.execute()
            assert entries or not length, "KEDA would go by length"
            if length:
                numbers.add(entries)
    await sending
    return numbers


async def test_burst_to_an_idle_bot_never_waits_without_a_number(stage) -> None:
    async with connect(RedisSettings(redis_url=stage.redis_url)) as redis:

        async def idle() -> bool:
            return not await redis.exists(KEYS.workers_wanted)

        for _ in range(10):  # on a busy machine the first look may come after the decision
            if 1 in await burst(stage, redis):
                return
            await stage.worker.clear()
            await stage.eventually(idle)
    raise AssertionError("one worker is wanted for the job that waits, until there is a decision")
