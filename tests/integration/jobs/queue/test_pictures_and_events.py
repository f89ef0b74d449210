"""The picture store and the stream of terminal events."""

from __future__ import annotations

import pytest

from qwenedit_jobs import (
    Done,
    Events,
    PicturesForgottenError,
    RedisPictureStore,
    RedisSettings,
    Result,
    State,
    connect,
    event_of,
    input_ref,
)
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.redis.chunks import CHUNK


@pytest.fixture
async def store(desk, redis_url):
    binary = connect(RedisSettings(redis_url=redis_url), decode=False)
    yield RedisPictureStore(binary, desk.keys, ttl=600)
    await binary.aclose()


async def test_small_picture_comes_along_with_each_claim_of_its_job(desk, store):
    picture = bytes(range(256)) * 100
    await store.put(input_ref(desk.job().id, 0), picture)
    await desk.queue.claim(worker="worker-1", token="none", lease=30)  # from now on Redis knows the script
    assert (await desk.claimed("first")).pictures == (picture,)
    again = await desk.queue.claim(worker="worker-1", token="first", lease=30)
    assert again.pictures == (picture,)


@pytest.mark.parametrize("picture", [None, bytes(CHUNK + 1), ["of another type"]])
async def test_picture_that_no_claim_can_bring_is_left_to_the_store(desk, picture):
    key = desk.keys.picture(input_ref(desk.job().id, 0))
    if isinstance(picture, bytes):
        await desk.redis.set(key, picture)
    elif picture is not None:
        await desk.redis.lpush(key, *picture)
    await desk.queue.claim(worker="worker-1", token="none", lease=30)
    assert (await desk.claimed()).pictures == ()


async def finish(desk, number):
    await desk.enqueued(number)
    claim = await desk.queue.claim(worker="w", token=str(number), lease=30)
    await desk.queue.settle(claim.job.id, str(number), Done(Result(picture="p", seed=1, seconds=1)))
    return claim.job.id


def events_of(desk, redis=None):
    lanes = Lanes(desk.redis, desk.keys.answers, name="bot-1")
    return Events(redis or desk.redis, desk.keys, lanes), lanes


async def test_event_of_a_job_lies_in_the_lane_of_its_chat(desk):
    job_id = await finish(desk, 1)
    events, lanes = events_of(desk)
    assert await events.wait(0.1)
    assert await events.drain() == 1
    assert await events.drain() == 0
    (row,), _wait = await lanes.next(10)
    event = event_of(row)
    assert (row.lane, event.job_id, event.state) == ("1", job_id, State.DONE)
    assert await desk.redis.xlen(desk.keys.events) == 0


async def test_events_that_this_version_does_not_know_are_kept_as_they_are(desk):
    events, lanes = events_of(desk)
    await desk.redis.xadd(desk.keys.events, {"id": "x", "state": "melted"})
    await desk.redis.xadd(desk.keys.events, {"something": "else"})
    await desk.redis.set(f"{desk.keys.job_prefix}y", "no hash")
    await desk.redis.xadd(desk.keys.events, {"id": "y", "state": "done"})
    job_id = await finish(desk, 1)
    assert await events.drain() == 4
    rows, _wait = await lanes.next(10)
    assert len(rows) == 4
    readable = []
    for row in rows:
        try:
            readable.append(event_of(row).job_id)
        except (ValueError, KeyError):
            continue
    assert sorted(readable) == sorted(["y", job_id])


@pytest.mark.parametrize("strange", [b"\xff", b"two\nlines", b"x" * 1_000], ids=["no text", "two lines", "long"])
async def test_event_of_an_id_that_no_job_has_is_taken_in_hand_and_set_aside(desk, strange):
    events, lanes = events_of(desk)
    await desk.redis.xadd(desk.keys.events, {"id": strange, "state": "done"})
    assert await events.wait(0.1)
    await events.drain()
    for _ in range(2):
        [entry], _wait = await lanes.next(10)
        await lanes.set_aside(entry, {"error": "unreadable"})
        assert [(aside.id, aside.why) for aside in await lanes.list_set_aside()] == [(entry.id, "unreadable")]
        assert (await lanes.occupancy()).waiting == 0
        assert await lanes.retry_set_aside(entry.id)


# ---------------------------------------------------------------- a Redis that was replaced in the middle


async def test_job_whose_pictures_redis_has_forgotten_is_not_accepted_until_they_are_there_again(desk):
    job = desk.job()
    with pytest.raises(PicturesForgottenError):
        await desk.queue.enqueue(job, desk.limits, pictures_in_redis=True)
    assert await desk.places(job.id) == []
    await RedisPictureStore(desk.redis, desk.keys, ttl=60).put(job.edit.pictures[0], b"x")
    assert await desk.queue.enqueue(job, desk.limits, pictures_in_redis=True) is State.QUEUED
