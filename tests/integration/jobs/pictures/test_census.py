"""What operators see of the pictures in Redis: which cannot go, and which are a cache."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Reason, RedisPictureStore, RedisSettings, Result, connect, result_ref
from qwenedit_jobs.pictures.census import Census, take_census

PHOTO, RESULT = bytes(20_000), bytes(70_000)
EXPECTED = 2 * 1024 * 1024 * 1.25
"""Bytes that are kept free for a result while few are known."""


@pytest.fixture
async def store(desk, redis_url):
    async with connect(RedisSettings(redis_url=redis_url), decode=False) as binary:
        yield RedisPictureStore(binary, desk.keys, ttl=600)


async def census(desk) -> Census:
    return await take_census(desk.redis, desk.keys, desk.queue)


async def claimed(desk, store, number):
    """Have a job accepted and taken by a worker."""
    job = desk.job(number)
    await store.put(job.edit.pictures[0], PHOTO, user=job.user_id)
    await desk.queue.enqueue(job, desk.limits, pictures_in_redis=True)
    return await desk.queue.claim(worker="w", token=f"token-{number}", lease=30)


async def done(desk, store, number):
    claim = await claimed(desk, store, number)
    told = Result(picture=result_ref(claim.job.id, 1, claim.token), seed=1, seconds=1)
    await desk.queue.complete(claim.job.id, claim.token, told, picture=RESULT)
    return claim.job.id


async def test_redis_without_pictures_has_none_of_any_kind(desk):
    assert await census(desk) == Census()


async def test_photos_of_unfinished_jobs_are_inputs_and_room_is_promised_to_their_results(desk, store):
    for number in range(2):
        await claimed(desk, store, number)
    assert await census(desk) == Census(inputs=2 * len(PHOTO), promised=round(2 * EXPECTED))


@pytest.mark.parametrize("size", ["1e300", "inf", "-7", "large"])
async def test_room_that_is_promised_is_never_more_than_redis_takes_as_one_result(desk, store, size):
    """Whatever a worker has put among the sizes of results."""
    await claimed(desk, store, 1)
    await desk.redis.lpush(desk.keys.result_sizes, *(size for _ in range(20)))
    assert 0 <= (await census(desk)).promised <= 2**29 * 1.25


async def test_result_is_no_cache_before_its_answer_and_is_one_after_it(desk, store):
    job_id = await done(desk, store, 1)
    assert await census(desk) == Census(results=len(RESULT))
    await desk.queue.answered(job_id)
    found = await census(desk)
    assert (found.results, found.answered) == (0, len(RESULT))
    seconds, _microseconds = await desk.redis.time()
    assert found.oldest_answered == pytest.approx(seconds, abs=5)


async def test_photos_of_failed_jobs_are_a_cache(desk, store):
    claim = await claimed(desk, store, 1)
    await desk.queue.fail(claim.job.id, claim.token, Reason.TIMEOUT)
    found = await census(desk)
    assert (found.inputs, found.answered) == (0, len(PHOTO))


async def test_age_of_the_cache_is_that_of_the_oldest_picture_that_is_still_there(desk, store):
    first, second = [await done(desk, store, number) for number in range(2)]
    for job_id in (first, second):
        await desk.queue.answered(job_id)
    refs = await desk.redis.zrange(desk.keys.answered_pictures, 0, -1)
    await desk.redis.zadd(desk.keys.answered_pictures, {refs[0]: 1_000, refs[1]: 5_000})
    assert (await census(desk)).oldest_answered == 1.0
    await desk.redis.unlink(desk.keys.picture(refs[0]))
    assert (await census(desk)).oldest_answered == 5.0
