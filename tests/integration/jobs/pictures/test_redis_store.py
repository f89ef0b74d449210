"""Redis as a store of pictures: which stay, for how long, and what is refused."""

from __future__ import annotations

import asyncio

import pytest

from qwenedit_jobs import (
    Done,
    Fail,
    Reason,
    RedisPictureStore,
    RedisSettings,
    Result,
    Settled,
    StorageFullError,
    connect,
    durations,
    result_ref,
)
from qwenedit_testkit.job_queue import JobQueue
from qwenedit_testkit.redis import settled_memory

KEPT = 86_400
MEGABYTE = bytes(1_000_000)


@pytest.fixture
async def store(desk, redis_url):
    async with connect(RedisSettings(redis_url=redis_url), decode=False) as binary:
        yield RedisPictureStore(binary, desk.keys, ttl=KEPT)


@pytest.fixture
async def limited(desk):
    """Let Redis have 40 MB more than it has now."""
    used = await settled_memory(desk.redis)
    await desk.redis.config_set("maxmemory-policy", "noeviction")
    await desk.redis.config_set("maxmemory", used + 40_000_000)
    yield desk
    await desk.redis.config_set("maxmemory", 0)


async def accepted(desk, store, number, *, data=b"x"):
    """Send a job's picture, and the job."""
    job = desk.job(number)
    await store.put(job.edit.pictures[0], data)
    await desk.queue.enqueue(job, desk.limits, pictures_in_redis=True)
    return job


async def done(desk, store, number, *, data=b"x"):
    """Have a job done and its user answered; returns the result's reference."""
    job = await accepted(desk, store, number, data=data)
    claim = await desk.queue.claim(worker="w", token=f"token-{number}", lease=30)
    ref = result_ref(job.id, claim.attempt, claim.token)
    await desk.queue.settle(job.id, claim.token, Done(Result(picture=ref, seed=1, seconds=1), picture=data))
    await desk.queue.answered(job.id)
    return ref


async def kept(desk):
    """Return the references of all pictures."""
    return {key.removeprefix(desk.keys.picture("")) for key in await desk.redis.keys(desk.keys.picture("*"))}


async def seconds(desk, ref):
    return await desk.redis.ttl(desk.keys.picture(ref))


# ---------------------------------------------------------------- how long


async def test_photo_that_a_late_replica_sends_again_is_kept_as_long_as_its_job_needs_it(desk, store):
    job = await accepted(desk, store, 1)
    [ref] = job.edit.pictures
    await store.put(ref, b"x")  # by a replica that was late, and may crash before it asks again
    assert await seconds(desk, ref) > KEPT - 60
    claim = await desk.queue.claim(worker="w", token="t", lease=30)
    await desk.queue.settle(claim.job.id, "t", Fail(Reason.OUT_OF_MEMORY))
    await accepted(desk, store, 1)
    assert durations.FAILED_JOB_PICTURES - 60 < await seconds(desk, ref) <= durations.FAILED_JOB_PICTURES


# ---------------------------------------------------------------- how much


async def test_answered_pictures_of_all_make_room_before_anybody_is_refused(limited, store):
    await store.put("waits:in:0", MEGABYTE)
    for user in range(60):
        ref = f"{user:016x}:in:0"
        await store.put(ref, MEGABYTE)
        await limited.redis.zadd(limited.keys.answered_pictures, {ref: user + 1})
    there = await kept(limited)
    assert {"waits:in:0", f"{59:016x}:in:0"} <= there
    assert f"{0:016x}:in:0" not in there


async def test_pictures_that_jobs_need_are_never_dropped_for_another(limited, store):
    refused = 0
    for user in range(60):
        try:
            await store.put(f"{user:016x}:in:0", MEGABYTE)
        except StorageFullError:
            refused += 1
    assert refused > 20
    there = await kept(limited)
    assert 30 <= len(there) <= 40
    assert f"{0:016x}:in:0" in there


async def test_picture_is_not_kept_longer_than_its_job(desk, store):
    queue = JobQueue(desk.redis, desk.keys, picture_ttl=30 * KEPT)
    job = await accepted(desk, store, 1)
    await queue.claim(worker="w", token="t", lease=30)
    ref = result_ref(job.id, 1, "t")
    await queue.settle(job.id, "t", Done(Result(picture=ref, seed=1, seconds=1), picture=b"png"))
    assert await seconds(desk, ref) > KEPT
    await queue.answered(job.id)
    assert 0 < await seconds(desk, ref) <= await desk.redis.ttl(desk.keys.job(job.id))


async def test_janitor_keeps_redis_below_its_share_by_answered_pictures_alone(limited, store):
    refs = [await done(limited, store, number, data=MEGABYTE) for number in range(30)]
    await store.put("waits:in:0", MEGABYTE)
    memory = await limited.queue.make_room()
    assert memory.used <= 0.75 * memory.limit
    there = await kept(limited)
    assert {"waits:in:0", refs[-1]} <= there
    assert refs[0] not in there


async def test_list_of_answered_pictures_keeps_each_for_a_day(desk, store):
    refs = [await done(desk, store, number) for number in range(3)]
    await desk.redis.zincrby(desk.keys.answered_pictures, -KEPT * 1000, refs[0])
    await desk.queue.make_room()
    assert await desk.redis.zrange(desk.keys.answered_pictures, 0, -1) == refs[1:]


# ---------------------------------------------------------------- room for results

JPEG, PNG = bytes(600_000), bytes(1_800_000)


async def accepted_until_full(desk, store, *, users=range(1, 200)):
    """Send jobs of as many users as are taken; returns the jobs."""
    jobs = []
    for user in users:
        job = desk.job(1, user=user)
        try:
            await store.put(job.edit.pictures[0], JPEG)
            await desk.queue.enqueue(job, desk.limits, pictures_in_redis=True)
        except StorageFullError:
            await store.delete(*job.edit.pictures)
            break
        jobs.append(job)
    return jobs


async def completed(desk, number, *, picture=PNG):
    """Have the next job done; returns the result's reference."""
    claim = await desk.queue.claim(worker="w", token=f"token-{number}", lease=30)
    ref = result_ref(claim.job.id, claim.attempt, claim.token)
    told = Result(picture=ref, seed=1, seconds=1)
    assert await desk.queue.settle(claim.job.id, claim.token, Done(told, picture=picture)) is Settled.DONE
    return ref


async def test_each_accepted_job_finds_room_for_its_result_though_none_is_answered(limited, store):
    jobs = await accepted_until_full(limited, store)
    assert 8 <= len(jobs) < 20
    refs = {await completed(limited, number) for number in range(len(jobs))}
    assert await kept(limited) == refs


async def test_photo_that_would_take_a_results_room_is_refused_before_it_is_sent(limited, store):
    await accepted_until_full(limited, store)
    sent = (await limited.redis.info("stats"))["total_net_input_bytes"]
    with pytest.raises(StorageFullError):
        await store.put("a:in:0", JPEG * 3)  # a smaller one may fit once Redis has freed the last upload's buffers
    assert (await limited.redis.info("stats"))["total_net_input_bytes"] - sent < 10_000


async def test_jobs_whose_photos_come_at_once_are_not_all_accepted(limited, store):
    jobs = [limited.job(1, user=user) for user in range(1, 40)]
    for job in jobs:
        await store.put(job.edit.pictures[0], JPEG)
    calls = (limited.queue.enqueue(job, limited.limits, pictures_in_redis=True) for job in jobs)
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    refused = [job for job, outcome in zip(jobs, outcomes, strict=True) if isinstance(outcome, StorageFullError)]
    assert 0 < len(refused) < len(jobs)
    assert await limited.queue.status(refused[0].id) is None
    await store.delete(*(ref for job in refused for ref in job.edit.pictures))
    for number in range(len(jobs) - len(refused)):
        await completed(limited, number)


async def test_results_that_were_answered_go_for_a_job_and_those_that_were_not_stay(limited, store):
    jobs = await accepted_until_full(limited, store)
    first, second = [await completed(limited, number) for number in range(2)]
    await limited.queue.answered(jobs[1].id)
    assert await accepted_until_full(limited, store, users=range(500, 600))
    there = await kept(limited)
    assert first in there
    assert second not in there
