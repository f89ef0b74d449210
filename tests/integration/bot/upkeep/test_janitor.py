from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry
from redis.asyncio import Redis as Client
from redis.exceptions import OutOfMemoryError

from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.upkeep.janitor import Janitor
from qwenedit_jobs import Done, Edit, Job, Keys, Reason, Result, State
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.queue.intake import QueueLimits
from qwenedit_jobs.queue.operator_queue import OperatorQueue
from qwenedit_testkit.job_queue import JobQueue

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_testkit.clock import Clock

JOB = Job(id="0123456789abcdef", user_id=7, edit=Edit(prompt="snow", pictures=("p",), seed=1), reply=None)


@pytest.fixture
def metrics() -> BotMetrics:
    return BotMetrics(CollectorRegistry())


@pytest.fixture
def queue(redis: Redis) -> JobQueue:
    return JobQueue(redis, Keys())


@pytest.fixture
def janitor(redis: Redis, queue: JobQueue, metrics: BotMetrics, clock: Clock) -> Janitor:
    return Janitor(
        queue=queue, redis=redis, lanes={"updates": Lanes(redis, "qwenedit:inbox")}, metrics=metrics, clock=clock
    )


async def test_job_that_waited_too_long_fails_without_any_worker(queue: JobQueue, janitor: Janitor) -> None:
    await queue.enqueue(JOB, QueueLimits(max_wait=0.0))
    await janitor.tick()
    status = await queue.status(JOB.id)
    assert status is not None
    assert (status.state, status.reason) == (State.FAILED, Reason.EXPIRED)


async def test_redis_above_its_memory_loses_pictures_that_nobody_waits_for(
    queue: JobQueue, janitor: Janitor, metrics: BotMetrics, redis: Redis
) -> None:
    await queue.enqueue(JOB, QueueLimits())
    await queue.claim(worker="w", token="t", lease=30)
    picture = f"{JOB.id}:result"
    await queue.settle(JOB.id, "t", Done(Result(picture=picture, seed=1, seconds=1.0), picture=bytes(5_000_000)))
    await queue.answered(JOB.id)
    await redis.config_set("maxmemory", (await redis.info("memory"))["used_memory"] - 1_000_000)
    try:
        with pytest.raises(OutOfMemoryError):
            await redis.set("new", "1")
        await janitor.tick()
        await redis.set("new", "1")
    finally:
        await redis.config_set("maxmemory", 0)
    assert not await redis.exists(Keys().picture(picture))


async def test_oldest_wait_is_that_of_the_next_job_in_line(
    queue: JobQueue, janitor: Janitor, clock: Clock, metrics: BotMetrics, redis: Redis
) -> None:
    await queue.enqueue(JOB, QueueLimits())
    await redis.hincrby(Keys().job(JOB.id), "enqueued_at", -5000)
    await janitor.tick()
    assert 5 <= metrics.oldest_wait._value.get() < 60
    await queue.cancel(JOB.id)
    clock.now += 15.0
    await janitor.tick()
    assert metrics.oldest_wait._value.get() == 0


async def test_pause_shows_and_so_do_the_jobs_that_wait_for_its_end(
    redis: Redis, queue: JobQueue, janitor: Janitor, clock: Clock, metrics: BotMetrics
) -> None:
    await queue.enqueue(JOB, QueueLimits())
    operator = OperatorQueue(redis, Keys())
    await operator.pause()
    await janitor.tick()
    assert (metrics.queue_paused._value.get(), metrics.queue_jobs.labels("waiting")._value.get()) == (1, 1)
    await operator.resume()
    clock.now += 15.0
    await janitor.tick()
    assert metrics.queue_paused._value.get() == 0


async def test_redis_memory_and_its_limit_are_measured(
    redis: Redis, queue: JobQueue, janitor: Janitor, clock: Clock, metrics: BotMetrics
) -> None:
    await janitor.tick()
    assert metrics.redis_memory_used._value.get() > 100_000
    assert metrics.redis_memory_kept_free._value.get() == 0
    await queue.enqueue(JOB, QueueLimits())
    await redis.config_set("maxmemory", "64mb")
    try:
        clock.now += 15.0
        await janitor.tick()
    finally:
        await redis.config_set("maxmemory", "0")
    assert metrics.redis_memory_max._value.get() == 64 << 20
    assert metrics.redis_memory_kept_free._value.get() == 2.5 * 2**20


async def test_user_who_may_not_ask_for_the_memory_does_all_the_rest(
    redis: Redis, redis_url: str, clock: Clock, metrics: BotMetrics
) -> None:
    await redis.acl_setuser("blind", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-info"])
    try:
        async with Client.from_url(redis_url, username="blind", password="any", decode_responses=True) as blind:
            queue = JobQueue(blind, Keys())
            await queue.enqueue(JOB, QueueLimits())
            await Janitor(queue=queue, redis=blind, lanes={}, metrics=metrics, clock=clock).tick()
    finally:
        await redis.acl_deluser("blind")
    assert metrics.queue_jobs.labels("waiting")._value.get() == 1
    assert metrics.redis_memory_used._value.get() == 0
