"""Stores the pictures of jobs as objects in a bucket, with a receipt of each in Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs.errors import (
    PictureDamagedError,
    PictureElsewhereError,
    PictureExpiredError,
    PictureStoreRefusedError,
    PictureStoreUnavailableError,
)
from qwenedit_jobs.pictures.receipts import Receipt, is_job

if TYPE_CHECKING:
    from qwenedit_jobs.pictures.bucket import Bucket
    from qwenedit_jobs.pictures.redis_store import RedisPictureStore

READINGS = 3
"""How often an object is read that does not come back as it was put there."""

log = structlog.get_logger(__name__)


class ObjectPictureStore:
    """Pictures in a bucket. Redis' scripts decide by their receipts which there are, as if these were the pictures.

    An object is put there before anything refers to it, and deleted after nothing does any more. So a crash leaves
    an object too many at most, which `Cleanup` finds.

    Args:
        bucket: Has the pictures.
        receipts: Has their receipts. A value that is no receipt is a picture from before there was a bucket.
    """

    def __init__(self, bucket: Bucket, receipts: RedisPictureStore) -> None:
        self._bucket = bucket
        self._receipts = receipts

    async def put(self, ref: str, data: bytes) -> None:
        """Keep a picture; see `PictureStore`."""
        receipt = Receipt.begun(ref, len(data), store=self._bucket.url)
        await self._receipts.put(ref, bytes(await self._uploaded(receipt, data)))

    async def deposit(self, ref: str, data: bytes) -> bytes:
        """Put a result into the bucket; returns its receipt."""
        return bytes(await self._uploaded(Receipt.begun(ref, len(data), store=self._bucket.url), data))

    async def _uploaded(self, receipt: Receipt, data: bytes) -> Receipt:
        """Upload a picture; its digest is made meanwhile, in a thread."""
        final, _none = await asyncio.gather(
            asyncio.to_thread(receipt.with_digest_of, data), self._bucket.put(receipt.name, data)
        )
        return final

    async def get(self, ref: str) -> bytes:
        """Return a picture; see `PictureStore`."""
        return await self.redeem(ref, await self._receipts.kept(ref))

    async def redeem(self, ref: str, kept: bytes) -> bytes:
        """Return the picture that a receipt stands for, or a picture from before there was a bucket.

        Raises:
            PictureElsewhereError: it lies in another store.
            PictureExpiredError: somebody has deleted its object before its time.
            PictureDamagedError: its object is not whole.
        """
        receipt = Receipt.read(kept)
        if receipt is None:
            return kept
        if receipt.store != self._bucket.url:
            log.error("picture.elsewhere", ref=ref, store=receipt.store, configured=self._bucket.url)
            raise PictureElsewhereError(ref, place=receipt.store, configured=self._bucket.url)
        data = b""
        for _reading in range(READINGS):
            found = await self._found(receipt)
            if found is None:
                await self._receipts.delete(ref)  # whoever asks whether there is such a picture is told the truth
                log.error("picture.object_gone", ref=ref, store=receipt.store, object=receipt.name)
                raise PictureExpiredError(ref, f"is gone from {receipt.store} before its time")
            if await asyncio.to_thread(receipt.vouches_for, found):
                return found
            data = found
        await self._receipts.delete(ref)
        log.error("picture.damaged", ref=ref, object=receipt.name, expected=receipt.size, found=len(data))
        raise PictureDamagedError(ref, expected=receipt.size, found=len(data))

    async def _found(self, receipt: Receipt) -> bytes | None:
        """Return an object's bytes, or None where it is not there.

        To a service that may not list, S3 and Google say of an object that is not there: you may not get it. So
        another object is tried, and then this one again.

        Raises:
            PictureStoreRefusedError: the service may really not get objects.
        """
        try:
            return await self._bucket.get(receipt.name, size=receipt.size)
        except PictureStoreRefusedError:
            await self._receipts.leave_object(self._bucket.url, await self._bucket.check(deletes=False))
        try:
            return await self._bucket.get(receipt.name, size=receipt.size)
        except PictureStoreRefusedError:
            return None

    async def size(self, ref: str) -> int:
        """Return a picture's bytes, as its receipt says."""
        return await self._receipts.size(ref)

    async def holds(self, *refs: str) -> bool:
        """Whether all of these pictures have receipts of this bucket, or are from before there was one."""
        return await self._receipts.has(refs, store=self._bucket.url)

    async def delete(self, *refs: str) -> None:
        """Forget pictures. Their objects are noted, and go within seconds."""
        await self._receipts.delete(*refs)

    async def erase(self, job_id: str, *refs: str) -> None:
        """Forget a job's pictures, and delete every object that was ever uploaded for it.

        Raises:
            PictureStoreUnavailableError: there may be some left.
        """
        await self._receipts.delete(*refs)
        if not is_job(job_id):  # somebody wrote that into Redis, and nothing was ever uploaded for it
            return
        await self._bucket.delete(await self._uploads(job_id))
        if await self._uploads(job_id):
            raise PictureStoreUnavailableError(f"{self._bucket.url} still lists pictures of job {job_id}")

    async def _uploads(self, job_id: str) -> list[str]:
        return [found.name async for page in self._bucket.listing(job_id) for found in page]
