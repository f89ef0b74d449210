"""Pictures in a bucket: what goes wrong with objects, with receipts, and with the way to the store."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest

from qwenedit_jobs import (
    PictureDamagedError,
    PictureElsewhereError,
    PictureExpiredError,
    PictureStoreRefusedError,
    PictureStoreUnavailableError,
)
from qwenedit_jobs.pictures import bucket as limits
from qwenedit_jobs.pictures.cleanup import Cleanup
from qwenedit_jobs.pictures.opening import open_bucket
from qwenedit_jobs.pictures.ownership import OWNER, take_address
from qwenedit_jobs.pictures.receipts import Receipt
from qwenedit_testkit.proxy import Proxy, Toxic
from qwenedit_testkit.redis import settled_memory

RESULT_EXPECTED = 2_097_152
"""Bytes that a result is expected to have before some are known; the scripts say the same number."""
REF, PICTURE = "job:in:0", bytes(range(256)) * 4_000


@pytest.fixture
def address(bucket_name):
    return f"s3://{bucket_name}/qwenedit"


def bucket_of(url):
    bucket = open_bucket(url)
    assert bucket is not None
    return bucket


async def receipt_of(raw, desk, ref=REF):
    return Receipt.read(await raw.get(desk.keys.picture(ref)))


# ---------------------------------------------------------------- receipts


async def test_redis_has_a_receipt_and_the_bucket_the_bytes(desk, raw, opened, address, bucket_name, s3):
    await opened(address).put(REF, PICTURE)
    receipt = await receipt_of(raw, desk)
    assert (receipt.store, receipt.size) == (address, len(PICTURE))
    assert await s3.objects(bucket_name) == {f"qwenedit/{receipt.name}"}


async def test_jobs_with_receipts_need_no_room_for_results_in_redis(desk, opened, address):
    store, room = opened(address), 16_000_000
    await desk.redis.config_set("maxmemory", await settled_memory(desk.redis) + room)
    try:
        for number in range(2 * room // RESULT_EXPECTED):
            job = desk.job(number)
            await store.put(job.edit.pictures[0], PICTURE)
            await desk.queue.enqueue(job, desk.limits, pictures_in_redis=True)
    finally:
        await desk.redis.config_set("maxmemory", 0)
    assert (await desk.queue.counts()).waiting == 2 * room // RESULT_EXPECTED


async def test_pictures_from_before_there_was_a_bucket_are_still_pictures(opened, address):
    await opened("redis:").put(REF, PICTURE)
    store = opened(address)
    assert await store.get(REF) == await store.redeem(REF, PICTURE) == PICTURE
    assert await store.holds(REF)
    assert await store.size(REF) == len(PICTURE)
    await store.delete(REF)
    assert not await store.holds(REF)


@pytest.mark.parametrize("now", ["redis:", "file"])
async def test_receipt_of_a_store_that_is_not_configured_any_more_is_told_with_both_places(
    desk, raw, opened, address, now, tmp_path
):
    await opened(address).put(REF, PICTURE)
    place = f"file://{tmp_path}" if now == "file" else now
    store = opened(place)
    assert not await store.holds(REF)
    with pytest.raises(PictureElsewhereError, match=f"lies in {address}, and PICTURES_URL is {place}"):
        await store.get(REF)
    with pytest.raises(PictureElsewhereError):
        await store.redeem(REF, await raw.get(desk.keys.picture(REF)))
    assert await opened(address).get(REF) == PICTURE  # it was set back


async def test_objects_of_another_store_are_left_to_it_and_leave_the_list(desk, raw, opened, address, tmp_path):
    await opened(address).put(REF, PICTURE)
    for place in ("redis:", f"file://{tmp_path}"):
        await opened(address).put(REF, PICTURE)
        await opened(place).delete(REF)
        cleanup = Cleanup(raw, desk.keys, open_bucket(place))
        assert await cleanup.waiting() == 1
        await cleanup.delete_dropped()
        assert await cleanup.waiting() == 0


# ---------------------------------------------------------------- objects


@pytest.mark.parametrize("data", [PICTURE[:-1], PICTURE + b"x", b"", PICTURE[::-1]])
async def test_object_that_is_not_what_was_put_there_is_told_and_forgotten(desk, raw, opened, address, data):
    store = opened(address)
    await store.put(REF, PICTURE)
    await bucket_of(address).put((await receipt_of(raw, desk)).name, data)
    with pytest.raises(PictureDamagedError):
        await store.get(REF)
    assert not await store.holds(REF)


async def test_object_that_is_damaged_on_its_way_once_is_read_again(opened, address, monkeypatch):
    store = opened(address)
    await store.put(REF, PICTURE)
    read, cut = limits.Bucket._read, [True]

    async def cut_short(self, name, size):
        data = await read(self, name, size)
        return data[: len(data) // 2] if cut and cut.pop() else data

    monkeypatch.setattr(limits.Bucket, "_read", cut_short)
    assert await store.get(REF) == PICTURE


async def test_object_that_somebody_has_deleted_is_a_picture_that_has_expired(desk, raw, opened, address):
    store = opened(address)
    await store.put(REF, PICTURE)
    await bucket_of(address).delete([(await receipt_of(raw, desk)).name])
    with pytest.raises(PictureExpiredError, match="is gone from s3"):
        await store.get(REF)
    assert not await store.holds(REF)


# ---------------------------------------------------------------- the sweep


class TestSweep:
    @pytest.fixture
    def cleanup(self, desk, raw, address):
        return Cleanup(raw, desk.keys, open_bucket(address))

    @pytest.fixture
    def cleanup_later(self, desk, raw, address):
        """Return one that takes what is there for old."""
        return Cleanup(raw, desk.keys, open_bucket(address), youngest=timedelta(seconds=-5))

    async def test_uploads_that_nobody_refers_to_go_once_they_are_old_and_the_others_stay(
        self, desk, raw, opened, address, cleanup, cleanup_later
    ):
        store = opened(address)
        await store.put("job:in:0", PICTURE)
        await store.put("job:in:0", PICTURE)  # again: the first upload is nobody's now
        await store.deposit("job:out:1:abc", PICTURE)  # its worker died
        await cleanup.sweep("tests")
        assert len(await self.names(address) - {OWNER}) == 3, "an upload of a moment ago may be referred to yet"
        await raw.delete(desk.keys.swept)
        await cleanup_later.sweep("tests")
        assert await self.names(address) == {(await receipt_of(raw, desk)).name, OWNER}
        assert await store.get("job:in:0") == PICTURE

    async def test_objects_of_others_are_left_alone(self, address, cleanup_later):
        bucket = bucket_of(address)
        for name in ("notes.txt", "backup/2026/picture.png", "job/in/0/short"):
            await bucket.put(name, b"mine")
        await cleanup_later.sweep("tests")
        assert await self.names(address) == {"notes.txt", "backup/2026/picture.png", "job/in/0/short", OWNER}

    async def test_comes_once_an_hour_whoever_asks_and_again_after_it_failed(self, desk, raw, address, cleanup):
        await cleanup.sweep("tests")
        assert 3_500 < await raw.ttl(desk.keys.swept) <= 3_600
        calls = []
        bucket = open_bucket(address, on_call=lambda *call: calls.append(call))
        await Cleanup(raw, desk.keys, bucket).sweep("tests")
        assert calls == []
        await raw.delete(desk.keys.swept)
        away = open_bucket("s3://there-is-no-such-bucket/at-all")
        with pytest.raises(PictureStoreUnavailableError):
            await Cleanup(raw, desk.keys, away).sweep("tests")
        assert not await raw.exists(desk.keys.swept)

    async def names(self, address):
        return {found.name async for page in bucket_of(address).listing() for found in page}


# ---------------------------------------------------------------- two installations


class TestOwner:
    async def test_address_is_taken_once_and_kept(self, address):
        for _start in range(2):
            await take_address(bucket_of(address), "the bot 1")
        assert await bucket_of(address).get(OWNER, size=100) == b"the bot 1"

    async def test_second_installation_is_told_whose_pictures_these_are(self, address):
        await take_address(bucket_of(address), "the bot 1")
        with pytest.raises(PictureStoreRefusedError) as refused:
            await take_address(bucket_of(address), "the bot 2")
        assert str(refused.value) == (
            f"PICTURES_URL is {address}: the pictures there belong to the bot 1, and this is the bot 2; give each"
            f" installation a prefix of its own, or delete the object {address}/owner if the other one is gone"
        )

    async def test_address_goes_to_one_of_many_that_start_at_once(self, address, request):
        names = [f"the bot {number}" for number in range(8)]
        told = await asyncio.gather(*(take_address(bucket_of(address), name) for name in names), return_exceptions=True)
        owners = {name for name, error in zip(names, told, strict=True) if error is None}
        # versitygw looks whether an object is there and writes it then: two that start at once may both find none.
        assert len(owners) == 1 or "versitygw" in request.node.callspec.params.values()
        owner = (await bucket_of(address).get(OWNER, size=100)).decode()
        assert owner in owners
        for name in owners - {owner}:
            with pytest.raises(PictureStoreRefusedError, match=owner):
                await take_address(bucket_of(address), name)

    async def test_sweep_leaves_the_pictures_of_another_installation_alone(self, desk, raw, opened, address):
        await take_address(bucket_of(address), "the bot 1")
        await opened(address).deposit("job:out:1:abc", PICTURE)
        other = Cleanup(raw, desk.keys, open_bucket(address), youngest=timedelta(seconds=-5))
        with pytest.raises(PictureStoreRefusedError, match="belong to the bot 1"):
            await other.sweep("the bot 2")
        assert not await raw.exists(desk.keys.swept)
        names = {found.name async for page in bucket_of(address).listing() for found in page}
        assert len(names) == 2


async def test_times_of_a_listing_are_the_stores_own(address):
    bucket = bucket_of(address)
    await bucket.put("a/b", b"x")
    (page,) = [page async for page in bucket.listing()]
    assert abs(datetime.now(UTC) - page[0].modified) < timedelta(minutes=2)


# ---------------------------------------------------------------- the way to the store


class TestWay:
    @pytest.fixture
    def s3(self, object_server):
        """One of the two servers: the way is the same."""
        return object_server

    @pytest.fixture
    async def proxy(self, s3, address, monkeypatch):  # noqa: ARG002 - whose variables it changes
        async with Proxy("objects", s3.port).running() as proxy:
            for name, value in s3.settings(port=proxy.port).items():
                monkeypatch.setenv(name, value)
            yield proxy

    @pytest.mark.parametrize("toxic", [Toxic.LATENCY, Toxic.SLICER, Toxic.SLOW_CLOSE])
    async def test_slow_link_is_no_dead_one(self, proxy, opened, address, toxic):
        proxy.toxic = toxic
        store = opened(address)
        await store.put(REF, PICTURE)
        assert await store.get(REF) == PICTURE

    @pytest.mark.parametrize("toxic", [Toxic.TIMEOUT, Toxic.DOWN, Toxic.LIMIT_DATA])
    async def test_dead_one_is_told_in_time_and_works_again_afterwards(
        self, proxy, opened, address, toxic, monkeypatch
    ):
        store = opened(address)
        await store.put("job:in:1", PICTURE)
        proxy.toxic = toxic
        proxy.reset()
        with monkeypatch.context() as impatient:
            impatient.setattr(limits, "PATIENCE", 1.0)
            impatient.setattr(limits, "SLOWEST", 1_000_000)
            began = time.monotonic()
            for call in (store.put(REF, PICTURE), store.get("job:in:1"), store.deposit("job:out:1", PICTURE)):
                with pytest.raises(PictureStoreUnavailableError):
                    await call
            assert time.monotonic() - began < 60
        assert not await store.holds(REF), "nothing refers to half an upload"
        proxy.toxic = None
        proxy.reset()
        await store.put(REF, PICTURE)
        assert await store.get("job:in:1") == PICTURE

    async def test_read_that_is_cut_in_the_middle_is_read_again(self, proxy, opened, address):
        store = opened(address)
        await store.put(REF, PICTURE)
        proxy.bandwidth, proxy.toxic = 400_000, Toxic.BANDWIDTH
        reading = asyncio.create_task(store.get(REF))
        await asyncio.sleep(0.5)
        proxy.toxic = None
        proxy.reset()
        try:
            assert await reading == PICTURE
        except PictureStoreUnavailableError:
            assert await store.get(REF) == PICTURE

    async def test_store_that_was_killed_and_is_back_has_all_that_it_confirmed(
        self, opened, monkeypatch, durable_object_server, tmp_path
    ):
        server = type(durable_object_server)(tmp_path)  # one of its own: it is killed
        await server.start(timeout=120)
        try:
            for name, value in server.settings().items():
                monkeypatch.setenv(name, value)
            await server.make_bucket("pictures")
            store = opened("s3://pictures")
            await store.put(REF, PICTURE)
            await server.kill()
            for call in (store.put(REF, PICTURE), store.get(REF)):
                with pytest.raises(PictureStoreUnavailableError):
                    await call
            await server.start(timeout=120)
            assert await store.get(REF) == PICTURE
            await store.put(REF, PICTURE[::-1])
            assert await store.get(REF) == PICTURE[::-1]
        finally:
            await server.kill()
