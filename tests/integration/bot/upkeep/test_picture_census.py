from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis as Client

from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.upkeep.picture_census import CENSUS_EVERY, SHARE, PictureCensus
from qwenedit_jobs import Edit, Job, JobQueue, Keys
from qwenedit_jobs.queue.queue import Limits

if TYPE_CHECKING:
    from redis.asyncio import Redis

JOB = Job(id="0123456789abcdef", user_id=7, edit=Edit(prompt="snow", pictures=("p",), seed=1), reply=None)
INPUT, RESULT = Keys().picture(f"{JOB.id}:in:0"), Keys().picture(f"{JOB.id}:out:1")
MANY = 5_000


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def metrics() -> BotMetrics:
    return BotMetrics(CollectorRegistry())


def counted(metrics: BotMetrics, kind: str) -> float:
    return float(metrics.redis_pictures.labels(kind)._value.get())


async def test_pictures_are_counted_by_kind_once_a_minute(redis: Redis, metrics: BotMetrics, clock: Clock) -> None:
    queue = JobQueue(redis, Keys())
    census = PictureCensus(redis, Keys(), queue, metrics, clock=clock)
    await redis.set(INPUT, "photo")
    await queue.enqueue(JOB, Limits())
    await census.tick()
    assert [counted(metrics, kind) for kind in ("inputs", "results", "answered")] == [5, 0, 0]
    assert counted(metrics, "promised") > 2_000_000
    await redis.set(RESULT, "result")
    await redis.zadd(Keys().answered_pictures, {f"{JOB.id}:out:1": 1_000})
    await census.tick()
    assert counted(metrics, "answered") == 0
    clock.now += CENSUS_EVERY
    await census.tick()
    assert counted(metrics, "answered") == 6
    assert metrics.redis_oldest_answered._value.get() > 1_000_000


async def test_pictures_of_many_parts_of_the_key_space_are_all_counted(
    redis: Redis, metrics: BotMetrics, clock: Clock
) -> None:
    await redis.mset({Keys().picture(f"{number:016x}:out:1"): "result" for number in range(MANY)})
    await redis.zadd(Keys().answered_pictures, {f"{number:016x}:out:1": 1_000 for number in range(0, MANY, 2)})
    await PictureCensus(redis, Keys(), JobQueue(redis, Keys()), metrics, clock=clock).tick()
    assert counted(metrics, "results") == counted(metrics, "answered") == MANY // 2 * 6


async def test_count_that_takes_long_is_rarer(redis: Redis, metrics: BotMetrics, clock: Clock) -> None:
    took = 10.0

    class SlowQueue(JobQueue):
        async def promised_bytes(self) -> int:
            clock.now += took
            return await super().promised_bytes()

    census = PictureCensus(redis, Keys(), SlowQueue(redis, Keys()), metrics, clock=clock)
    await census.tick()
    await redis.set(RESULT, "result")
    clock.now = took / SHARE - 1
    await census.tick()
    assert counted(metrics, "results") == 0
    clock.now = took / SHARE
    await census.tick()
    assert counted(metrics, "results") == 6


async def test_user_who_may_not_look_at_keys_is_asked_once(
    redis: Redis, redis_url: str, metrics: BotMetrics, clock: Clock
) -> None:
    await redis.set(RESULT, "result")
    await redis.acl_setuser("blind", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-scan"])
    try:
        async with Client.from_url(redis_url, username="blind", password="any", decode_responses=True) as blind:
            census = PictureCensus(blind, Keys(), JobQueue(blind, Keys()), metrics, clock=clock)
            await census.tick()
            await redis.acl_setuser("blind", commands=["+@all"])
            clock.now += 10 * CENSUS_EVERY
            await census.tick()
    finally:
        await redis.acl_deluser("blind")
    assert counted(metrics, "results") == 0
