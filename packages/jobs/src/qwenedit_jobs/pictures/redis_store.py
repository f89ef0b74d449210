"""Stores the pictures of jobs in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from redis.exceptions import OutOfMemoryError

from qwenedit_jobs.errors import PictureElsewhereError, PictureExpiredError, StorageFullError
from qwenedit_jobs.picture_address import IN_REDIS
from qwenedit_jobs.pictures.receipts import LONGEST, Receipt
from qwenedit_jobs.queue.queue import SHARE
from qwenedit_jobs.queue.queue_view import SCRIPTS
from qwenedit_jobs.redis import chunks
from qwenedit_jobs.redis.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

log = structlog.get_logger(__name__)


class RedisPictureStore:
    """Pictures as Redis strings with a TTL; `ObjectPictureStore` has its receipts here.

    Args:
        redis: A client that does not decode replies.
        keys: The installation's key names.
        ttl: Seconds until a picture is forgotten; `JobQueue.enqueue` may prolong that.
    """

    def __init__(self, redis: Redis, keys: Keys, *, ttl: int) -> None:
        self._redis = redis
        self._keys = keys
        self._ttl = ttl
        self._scripts = Scripts(redis, SCRIPTS, lambda name: str(getattr(keys, name)))

    async def put(self, ref: str, data: bytes) -> None:
        """Keep a picture until its TTL runs out.

        There must be room for it beside the results of all unfinished jobs. Pictures of answered jobs are deleted to
        make some, oldest first.

        Raises:
            StorageFullError: there's no room.
        """
        room, *_memory = await self._scripts.run("room", bytes=len(data), share=SHARE)
        if not room:
            raise StorageFullError
        try:
            await chunks.put(self._redis, self._keys.picture(ref), data, ms=self._ttl * 1000)
        except OutOfMemoryError as error:
            raise StorageFullError from error

    async def get(self, ref: str) -> bytes:
        """Return a picture.

        Raises:
            PictureExpiredError: its TTL ran out, or it never was, or its store is not used any more.
        """
        return await self.redeem(ref, await self.kept(ref))

    async def kept(self, ref: str) -> bytes:
        """Return what Redis has under a reference: a picture, or a receipt.

        Raises:
            PictureExpiredError: its TTL ran out, or it never was.
        """
        data = await chunks.get(self._redis, self._keys.picture(ref))
        if data is None:
            raise PictureExpiredError(ref)
        return data

    async def deposit(self, ref: str, data: bytes) -> bytes:  # noqa: ARG002 - elsewhere it is needed
        """Return the picture itself: `JobQueue.complete` brings it to Redis."""
        return data

    async def redeem(self, ref: str, kept: bytes) -> bytes:
        """Return the picture that a claim brought along.

        Raises:
            PictureElsewhereError: it lies in a store of objects, which is not used any more.
        """
        receipt = Receipt.read(kept)
        if receipt is None:
            return kept
        log.error("picture.elsewhere", ref=ref, store=receipt.store, configured=IN_REDIS)
        raise PictureElsewhereError(ref, place=receipt.store, configured=IN_REDIS)

    async def size(self, ref: str) -> int:
        """Return a picture's bytes, as its receipt says where it is an object.

        Raises:
            PictureExpiredError: its TTL ran out, or it never was.
        """
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.strlen(self._keys.picture(ref))
        pipeline.getrange(self._keys.picture(ref), 0, LONGEST - 1)
        size, start = await pipeline.execute()
        if not size:
            raise PictureExpiredError(ref)
        receipt = Receipt.read(start) if size == len(start) else None
        return receipt.size if receipt else int(size)

    async def holds(self, *refs: str) -> bool:
        """Whether the TTL of none of these pictures has run out, and each lies here."""
        return await self.has(refs, store=None)

    async def has(self, refs: Sequence[str], *, store: str | None) -> bool:
        """Whether Redis has each of these pictures, or the receipt of a store for it.

        Args:
            refs: The pictures.
            store: The address in the receipts that count; None: none does.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for ref in refs:
            pipeline.getrange(self._keys.picture(ref), 0, LONGEST - 1)
        starts: list[bytes] = await pipeline.execute()
        receipts = (Receipt.read(start) for start in starts)
        return all(starts) and all(receipt is None or receipt.store == store for receipt in receipts)

    async def delete(self, *refs: str) -> None:
        """Forget pictures; the bot deletes those that are objects within seconds."""
        if refs:
            await self._scripts.run("delete_pictures", refs=refs)

    async def leave_object(self, store: str, name: str) -> None:
        """Note an object to be deleted by the bot."""
        await self._redis.sadd(self._keys.dropped_objects, f"{store} {name}")

    async def erase(self, job_id: str, *refs: str) -> None:  # noqa: ARG002 - elsewhere it is needed
        """Forget a job's pictures, which are nowhere else."""
        await self.delete(*refs)
