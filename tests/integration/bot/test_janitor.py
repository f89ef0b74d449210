from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from qwenedit_bot import janitor as janitor_module
from qwenedit_bot.janitor import FORGET_EVERY, Janitor
from qwenedit_bot.metrics import BotMetrics
from qwenedit_jobs import Edit, Job, JobQueue, Keys, Reason, State
from qwenedit_jobs.queue import Limits

if TYPE_CHECKING:
    from redis.asyncio import Redis

JOB = Job(id="0123456789abcdef", user_id=7, edit=Edit(prompt="snow", pictures=("p",), seed=1), reply=None)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def metrics() -> BotMetrics:
    return BotMetrics(CollectorRegistry())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(redis: Redis) -> JobQueue:
    return JobQueue(redis, Keys())


@pytest.fixture
def janitor(redis: Redis, queue: JobQueue, metrics: BotMetrics, clock: Clock) -> Janitor:
    return Janitor(queue=queue, redis=redis, groups=[("stream", "group")], metrics=metrics, clock=clock)


async def test_a_job_that_waited_too_long_fails_without_any_worker(queue: JobQueue, janitor: Janitor) -> None:
    await queue.enqueue(JOB, Limits(max_wait=0.0))
    await janitor.tick()
    status = await queue.status(JOB.id)
    assert status is not None
    assert (status.state, status.reason) == (State.FAILED, Reason.EXPIRED)


async def test_a_job_whose_worker_died_is_back_in_line_without_any_worker(
    queue: JobQueue, janitor: Janitor, metrics: BotMetrics
) -> None:
    await queue.enqueue(JOB, Limits(retry_delays=(0.0,)))
    await queue.claim(worker="w", token="t", lease=0.001)
    await janitor.tick()
    await janitor.tick()
    status = await queue.status(JOB.id)
    assert status is not None
    assert status.state is State.QUEUED
    assert metrics.reaped.labels("delayed")._value.get() == 1
    assert metrics.queue_jobs.labels("waiting")._value.get() == 1


async def test_the_oldest_wait_is_that_of_the_next_job_in_line(
    queue: JobQueue, janitor: Janitor, metrics: BotMetrics, redis: Redis
) -> None:
    await queue.enqueue(JOB, Limits())
    await redis.hincrby(Keys().job(JOB.id), "enqueued_at", -5000)
    await janitor.tick()
    assert metrics.oldest_wait._value.get() == pytest.approx(5, abs=1)
    await queue.cancel(JOB.id)
    await janitor.tick()
    assert metrics.oldest_wait._value.get() == 0


async def test_replicas_that_are_gone_are_forgotten_unless_they_left_something(
    redis: Redis, janitor: Janitor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await redis.xgroup_create("stream", "group", id="0", mkstream=True)
    await redis.xadd("stream", {"a": "b"})
    await redis.xreadgroup("group", "owes", {"stream": ">"})
    await redis.xgroup_createconsumer("stream", "group", "gone")
    await janitor.tick()
    assert len(await redis.xinfo_consumers("stream", "group")) == 2
    monkeypatch.setattr(janitor_module, "FORGOTTEN_AFTER", -1)
    clock.now += FORGET_EVERY
    await janitor.tick()
    assert [consumer["name"] for consumer in await redis.xinfo_consumers("stream", "group")] == ["owes"]
