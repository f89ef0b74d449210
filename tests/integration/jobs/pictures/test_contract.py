"""What every store of pictures does, wherever it keeps them."""

from __future__ import annotations

import asyncio
import os

import pytest

from qwenedit_jobs import Done, PictureExpiredError, Release, Result, Settled, input_ref, result_ref
from qwenedit_jobs.pictures.cleanup import Cleanup
from qwenedit_jobs.pictures.opening import open_bucket
from qwenedit_jobs.queue.queue import PICTURE_TTL, UPLOAD_TTL

PICTURE = os.urandom(1_500_000)
SMALL = b"\x89PNG small"


async def accepted(desk, store, number=1, *, data=SMALL):
    """Send a job's picture, and the job."""
    job = desk.job(number)
    await store.put(job.edit.pictures[0], data)
    await desk.queue.enqueue(job, desk.limits, pictures_in_redis=True)
    return job


async def handed_in(desk, store, job, token, *, data=PICTURE, attempt=1):
    """Hand a result in; returns its reference, and what became of the job."""
    ref = result_ref(job.id, attempt, token)
    kept = await store.deposit(ref, data)
    outcome = await desk.queue.settle(job.id, token, Done(Result(picture=ref, seed=1, seconds=1), picture=kept))
    return ref, outcome


@pytest.mark.parametrize("data", [b"x", SMALL, PICTURE], ids=["one", "small", "large"])
async def test_picture_comes_back_as_it_was_put_there(store, data):
    await store.put("job:in:0", data)
    assert await store.get("job:in:0") == data
    assert await store.size("job:in:0") == len(data)
    assert await store.holds("job:in:0")
    assert not await store.holds("job:in:0", "job:in:1")


async def test_picture_that_is_put_twice_is_the_second_one(store):
    await store.put("job:in:0", SMALL)
    await store.put("job:in:0", PICTURE)
    assert await store.get("job:in:0") == PICTURE


async def test_picture_that_never_was_has_expired(store):
    for call in (store.get, store.size):
        with pytest.raises(PictureExpiredError):
            await call("job:in:0")


async def test_picture_that_is_deleted_is_gone_and_its_neighbour_is_not(store):
    await store.put("job:in:0", SMALL)
    await store.put("job:in:1", SMALL)
    await store.delete("job:in:0", "unknown:in:0")
    with pytest.raises(PictureExpiredError):
        await store.get("job:in:0")
    assert await store.get("job:in:1") == SMALL


async def test_result_that_is_handed_in_is_kept_as_long_as_the_operator_says(desk, store):
    job = await accepted(desk, store)
    await desk.queue.claim(worker="w", token="t", lease=30)
    ref, outcome = await handed_in(desk, store, job, "t")
    assert outcome is Settled.DONE
    assert await store.get(ref) == PICTURE
    assert PICTURE_TTL - 60 < await desk.redis.ttl(desk.keys.picture(ref)) <= PICTURE_TTL


async def test_picture_is_forgotten_soon_unless_its_job_comes(desk, store):
    job = desk.job(1)
    await store.put(job.edit.pictures[0], SMALL)
    assert 0 < await desk.redis.ttl(desk.keys.picture(job.edit.pictures[0])) <= UPLOAD_TTL
    await accepted(desk, store)
    assert await desk.redis.ttl(desk.keys.picture(job.edit.pictures[0])) > PICTURE_TTL - 60


async def test_jobs_pictures_are_erased_with_all_that_was_uploaded_for_it(desk, store, url):
    job, other = await accepted(desk, store), await accepted(desk, store, 2)
    ref = result_ref(job.id, 1, "t")
    for _crashed in range(3):
        await store.deposit(ref, PICTURE)
    await store.put(ref, PICTURE)
    await store.erase(job.id, *job.edit.pictures, ref)
    assert not await desk.redis.exists(desk.keys.picture(ref), desk.keys.picture(job.edit.pictures[0]))
    assert await store.get(other.edit.pictures[0]) == SMALL
    assert {name.partition("/")[0] for name in await objects(url)} <= {other.id}
    await store.erase(job.id, *job.edit.pictures, ref)


async def test_erasing_what_is_no_job_erases_nothing_of_others(desk, store, url):
    other = await accepted(desk, store, 2)
    before = await objects(url)
    for no_job in ("", "/", ".", "..", "a//b", "a\nb"):
        await store.erase(no_job, f"{no_job}:in:0")
    assert await store.get(other.edit.pictures[0]) == SMALL
    assert await objects(url) == before


async def test_names_of_no_objects_keep_none_from_being_deleted(desk, store, url, cleanup):
    job = await accepted(desk, store)
    await store.delete(*job.edit.pictures)
    digits = "0" * 16
    for name in ("", "..", f"../a/{digits}", f"a//{digits}", f"a\nb/{digits}", f"{'a' * 5000}/{digits}"):
        await desk.redis.sadd(desk.keys.dropped_objects, f"{url} {name}")
    await cleanup.delete_dropped()
    assert await cleanup.waiting() == 0
    assert await objects(url) == set()


async def objects(url):
    """Return the names of all objects; none where pictures lie in Redis."""
    bucket = open_bucket(url)
    if bucket is None:
        return set()
    return {found.name async for page in bucket.listing() for found in page}


@pytest.fixture
def cleanup(desk, raw, url):
    return Cleanup(raw, desk.keys, open_bucket(url))


class TestDroppedPictures:
    """Pictures that a script drops are deleted by the bot; see `Cleanup`."""

    async def left(self, cleanup, url):
        await cleanup.delete_dropped()
        assert await cleanup.waiting() == 0
        return await objects(url)

    async def test_pictures_of_a_cancelled_job_that_waited(self, desk, store, cleanup, url):
        for number in range(5):
            job = await accepted(desk, store, number)
            await desk.queue.cancel(job.id)
        assert await self.left(cleanup, url) == set()

    async def test_pictures_of_a_cancelled_job_whose_result_comes_late(self, desk, store, cleanup, url):
        job = await accepted(desk, store)
        await desk.queue.claim(worker="w", token="t", lease=30)
        await desk.queue.cancel(job.id)
        _ref, outcome = await handed_in(desk, store, job, "t")
        assert outcome is Settled.CANCELLED
        assert await self.left(cleanup, url) == set()

    async def test_picture_of_a_stale_attempt_and_not_its_successors(self, desk, store, cleanup, url):
        job = await accepted(desk, store)
        await desk.queue.claim(worker="frozen", token="a", lease=30)
        await desk.queue.settle(job.id, "a", Release())
        await desk.queue.claim(worker="w", token="b", lease=30)
        ref, good = await handed_in(desk, store, job, "b")
        _stale, late = await handed_in(desk, store, job, "a", data=SMALL)
        assert (good, late) == (Settled.DONE, Settled.LOST)
        await self.left(cleanup, url)
        assert await store.get(ref) == PICTURE

    async def test_pictures_of_a_completion_that_is_repeated_stay(self, desk, store, cleanup, url):
        job = await accepted(desk, store)
        await desk.queue.claim(worker="w", token="t", lease=30)
        ref = result_ref(job.id, 1, "t")
        kept = await store.deposit(ref, PICTURE)
        for _lost_reply in range(3):
            told = Result(picture=ref, seed=1, seconds=1)
            assert await desk.queue.settle(job.id, "t", Done(told, picture=kept)) is Settled.DONE
            await self.left(cleanup, url)
        assert await store.get(ref) == PICTURE

    async def test_pictures_of_a_job_that_an_operator_forgets(self, desk, store, cleanup, url):
        job = await accepted(desk, store)
        await desk.queue.claim(worker="w", token="t", lease=30)
        await handed_in(desk, store, job, "t")
        await desk.queue.answered(job.id)
        assert await desk.operated.forget(job.id)
        assert await self.left(cleanup, url) == set()

    async def test_pictures_that_are_uploaded_again_meanwhile_stay(self, desk, store, cleanup, url):
        job = desk.job(1)
        ref = job.edit.pictures[0]
        await store.put(ref, SMALL)
        await store.delete(ref)  # the request was refused
        await store.put(ref, PICTURE)  # and comes again
        await self.left(cleanup, url)
        assert await store.get(ref) == PICTURE

    async def test_pictures_of_many_jobs_at_once(self, desk, store, cleanup, url):
        jobs = await asyncio.gather(*(accepted(desk, store, number) for number in range(40)))
        await asyncio.gather(*(desk.queue.cancel(job.id) for job in jobs))
        assert await self.left(cleanup, url) == set()

    async def test_pictures_of_a_cancelled_album(self, desk, store, cleanup, url):
        job = desk.job(1)
        refs = tuple(input_ref(job.id, number) for number in range(3))
        album = job.model_copy(update={"edit": job.edit.model_copy(update={"pictures": refs})})
        for ref in refs:
            await store.put(ref, SMALL)
        await desk.queue.enqueue(album, desk.limits, pictures_in_redis=True)
        await desk.queue.claim(worker="w", token="t", lease=30)
        assert [await store.get(ref) for ref in refs] == [SMALL] * 3
        await desk.queue.cancel(job.id)
        await desk.queue.settle(job.id, "t", Release())
        assert await self.left(cleanup, url) == set()
        assert await desk.redis.keys(desk.keys.picture("*")) == []
