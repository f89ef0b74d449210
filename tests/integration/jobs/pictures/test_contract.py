"""What every store of pictures does, wherever it keeps them."""

from __future__ import annotations

import os

import pytest

from qwenedit_jobs import (
    Done,
    PictureExpiredError,
    PictureTooLargeError,
    Release,
    Result,
    Settled,
    input_ref,
    result_ref,
)
from qwenedit_jobs.pictures import object_store, redis_store
from qwenedit_jobs.queue.queue_view import QueueView

PICTURE = os.urandom(1_500_000)
SMALL = b"\x89PNG small"


async def accepted(desk, store, number=1, *, data=SMALL):
    """Send a job's picture, and the job."""
    job = desk.job(number)
    await store.put(job.edit.pictures[0], data)
    await desk.queue.enqueue(job, desk.limits, pictures_in_redis=store.in_redis)
    return job


async def handed_in(desk, store, job, token, *, data=PICTURE, attempt=1):
    """Hand a result in; returns its reference, and what became of the job."""
    ref = result_ref(job.id, attempt, token)
    kept = await store.deposit(ref, data)
    outcome = await desk.queue.settle(job.id, token, Done(Result(picture=ref, seed=1, seconds=1), kept or None))
    return ref, outcome


@pytest.mark.parametrize("data", [b"x", SMALL, PICTURE], ids=["one", "small", "large"])
async def test_picture_comes_back_as_it_was_put_there(store, data):
    await store.put("job:in:0", data)
    assert await store.get("job:in:0") == data
    assert await store.size("job:in:0") == len(data)
    assert await store.holds("job:in:0")
    assert not await store.holds("job:in:0", "job:in:1")


@pytest.mark.parametrize("ref", ["job:in:0", "", "..", "job:../other", "job:in:0/../../x"])
async def test_picture_that_never_was_has_expired(store, ref):
    for call in (store.get, store.size):
        with pytest.raises(PictureExpiredError):
            await call(ref)
    assert not await store.holds(ref)


async def test_picture_larger_than_any_may_be_is_not_read(store, monkeypatch):
    """One that somebody with a worker's password put there would take all of the bot's memory."""
    await store.put("job:out:1", PICTURE)
    for module in (redis_store, object_store):
        monkeypatch.setattr(module, "MAX_BYTES", len(PICTURE) - 1)
    for call in (store.get, store.size):
        with pytest.raises(PictureTooLargeError):
            await call("job:out:1")


async def test_picture_that_is_deleted_is_gone_and_its_neighbour_is_not(store):
    await store.put("job:in:0", SMALL)
    await store.put("job:in:1", SMALL)
    await store.delete("job:in:0", "unknown:in:0")
    with pytest.raises(PictureExpiredError):
        await store.get("job:in:0")
    assert await store.get("job:in:1") == SMALL


async def test_late_result_of_a_lost_attempt_does_not_replace_its_successors(desk, store):
    job = await accepted(desk, store)
    await desk.queue.claim(worker="frozen", token="a", lease=30)
    await desk.queue.settle(job.id, "a", Release())
    await desk.queue.claim(worker="w", token="b", lease=30)
    ref, good = await handed_in(desk, store, job, "b")
    _stale, late = await handed_in(desk, store, job, "a", data=SMALL)
    assert (good, late) == (Settled.DONE, Settled.LOST)
    assert await store.get(ref) == PICTURE


async def test_photos_of_a_done_job_go_and_its_result_stays(desk, store):
    job = await accepted(desk, store)
    await desk.queue.claim(worker="w", token="t", lease=30)
    ref, _outcome = await handed_in(desk, store, job, "t")
    await store.delete_photos(job.id)
    assert not await store.holds(*job.edit.pictures)
    assert await store.get(ref) == PICTURE


async def test_jobs_pictures_are_erased_with_all_that_was_uploaded_for_it(desk, store):
    job, other = await accepted(desk, store), await accepted(desk, store, 2)
    refs = [result_ref(job.id, 1, token) for token in ("killed", "t")]
    for ref in refs:
        await store.put(ref, PICTURE)
    await store.erase(job.id, *job.edit.pictures, *refs)
    for ref in (*job.edit.pictures, *refs):
        assert not await store.holds(ref)
    assert await store.get(other.edit.pictures[0]) == SMALL
    await store.erase(job.id, *job.edit.pictures, *refs)


@pytest.mark.parametrize("no_job", ["", "/", ".", "..", "a//b", "a\nb", "0"])
async def test_erasing_what_is_no_job_erases_nothing_of_others(store, no_job):
    await store.put(input_ref("00", 0), SMALL)
    await store.erase(no_job)
    await store.delete_photos(no_job)
    assert await store.get(input_ref("00", 0)) == SMALL


async def test_result_that_is_not_the_jobs_own_is_none(desk, store):
    """A worker says what its result is called. It can't have another job's picture shown or deleted."""
    job, other = await accepted(desk, store), await accepted(desk, store, 2)
    await desk.queue.claim(worker="w", token="t", lease=30)
    await desk.queue.settle(job.id, "t", Done(Result(picture=other.edit.pictures[0], seed=1, seconds=1)))
    assert (await desk.queue.status(job.id)).result is None
    await desk.queue.answered(job.id)
    assert await desk.operated.forget_job(job.id)
    assert await store.get(other.edit.pictures[0]) == SMALL


async def test_job_that_names_another_one_stays_what_was_accepted(desk, store):
    job, other = await accepted(desk, store), await accepted(desk, store, 2)
    payload = await desk.redis.hget(desk.keys.job(other.id), "payload")
    await desk.redis.hset(desk.keys.job(job.id), "payload", payload)
    assert await QueueView(desk.redis, desk.keys).status(job.id) is None
    assert (await desk.queue.status(job.id)).job == job


async def test_store_lets_a_service_do_what_it_is_for(store):
    await store.check(deletes=False)
    await store.check(deletes=True)
