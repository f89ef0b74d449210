"""The picture store and the stream of terminal events."""

from __future__ import annotations

import asyncio

import pytest

from qwenedit_jobs import (
    Events,
    PictureExpiredError,
    PicturesForgottenError,
    RedisPictureStore,
    RedisSettings,
    Result,
    Settled,
    State,
    StorageFullError,
    connect,
    input_ref,
    result_ref,
)


@pytest.fixture
async def store(desk, redis_url):
    binary = connect(RedisSettings(redis_url=redis_url), decode=False)
    yield RedisPictureStore(binary, desk.keys, ttl=600)
    await binary.aclose()


async def test_a_picture_is_kept_bit_by_bit_for_its_time(desk, store):
    picture = bytes(range(256)) * 100
    await store.put("a", picture)
    assert await store.get("a") == picture
    assert 590 < await desk.redis.ttl(desk.keys.picture("a")) <= 600


async def test_what_is_gone_is_said_to_have_expired(store):
    await store.put("a", b"x")
    await store.delete("a", "b")
    await store.delete()
    with pytest.raises(PictureExpiredError, match="picture a has expired"):
        await store.get("a")


def test_a_late_attempts_result_has_another_name_than_its_successors():
    assert result_ref("x", 1) != result_ref("x", 2)
    assert input_ref("x", 0) != input_ref("x", 1)


async def finish(desk, number):
    await desk.enqueued(number)
    claim = await desk.queue.claim(worker="w", token=str(number), lease=30)
    await desk.queue.complete(claim.job.id, str(number), Result(picture="p", seed=1, seconds=1))
    return claim.job.id


async def test_events_from_before_the_first_consumer_are_read(desk):
    job_id = await finish(desk, 1)
    events = Events(desk.redis, desk.keys, consumer="bot-1")
    await events.prepare()
    await events.prepare()
    [event] = await events.read(count=10, block=0.1)
    assert (event.job_id, event.state) == (job_id, State.DONE)


async def test_each_event_goes_to_one_replica_and_to_another_when_that_one_dies(desk):
    first, second = (Events(desk.redis, desk.keys, consumer=name) for name in ("bot-1", "bot-2"))
    await first.prepare()
    job_id = await finish(desk, 1)
    [event] = await first.read(count=10, block=0.1)
    assert await second.read(count=10, block=0.05) == []
    assert await second.reclaim(idle=60, count=10) == []
    await asyncio.sleep(0.05)
    assert [taken.job_id for taken in await second.reclaim(idle=0.05, count=10)] == [job_id]
    await second.acknowledge(event)
    assert await first.reclaim(idle=0, count=10) == []
    assert await desk.redis.xlen(desk.keys.events) == 0


async def test_reading_waits_for_the_first_event(desk, patient):
    events = Events(patient, desk.keys, consumer="bot-1")
    await events.prepare()
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(events.read(count=10, block=60))
        await asyncio.sleep(0.05)
        job_id = await finish(desk, 1)
        async with asyncio.timeout(30):
            assert [event.job_id for event in await reading] == [job_id]


# ---------------------------------------------------------------- a Redis that was replaced in the middle


async def test_a_job_whose_pictures_redis_has_forgotten_is_not_accepted_until_they_are_there_again(desk):
    job = desk.job()
    with pytest.raises(PicturesForgottenError):
        await desk.queue.enqueue(job, desk.limits, pictures_in_redis=True)
    assert await desk.places(job.id) == []
    await RedisPictureStore(desk.redis, desk.keys, ttl=60).put(job.edit.pictures[0], b"x")
    assert await desk.queue.enqueue(job, desk.limits, pictures_in_redis=True) is State.QUEUED


async def test_a_result_is_accepted_with_its_picture_and_not_without_room_for_it(desk):
    claim = await desk.claimed()
    result = Result(picture="out", seed=1, seconds=1.0)
    await desk.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(StorageFullError):
            await desk.queue.complete(claim.job.id, claim.token, result, picture=b"x")
    finally:
        await desk.redis.config_set("maxmemory", 0)
    assert await desk.state(claim.job.id) is State.RUNNING
    assert await desk.queue.complete(claim.job.id, claim.token, result, picture=b"x") is Settled.DONE
    assert await desk.redis.get(desk.keys.picture("out")) == "x"
    assert 0 < await desk.redis.ttl(desk.keys.picture("out")) <= 86_400


async def test_a_claim_brings_the_pictures_along_that_are_all_there_and_small(desk):
    store = RedisPictureStore(desk.redis, desk.keys, ttl=60)
    job = await desk.enqueued()
    for data, brought in ((None, ()), (b"12345", ()), (b"1234", (b"1234",))):
        if data is not None:
            await store.put(job.edit.pictures[0], data)
        claim = await desk.queue.claim(worker="w", token="t", lease=30, pictures_up_to=4)
        assert (claim.job, claim.pictures) == (job, brought)
    assert (await desk.queue.claim(worker="w", token="t", lease=30)).pictures == ()
