"""Stores the pictures of jobs in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import structlog
from redis.exceptions import OutOfMemoryError

from qwenedit_jobs.errors import PictureElsewhereError, PictureExpiredError, StorageFullError, StorageShareError
from qwenedit_jobs.picture_address import IN_REDIS
from qwenedit_jobs.pictures.receipts import LONGEST, Receipt
from qwenedit_jobs.queue.queue import SCRIPTS, SHARE_OF_ALL
from qwenedit_jobs.redis import chunks
from qwenedit_jobs.redis.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.redis.scripts import Command

SHARE_OF_ONE = 0.1
"""Share of Redis' `maxmemory` for the pictures of one user, results included."""

log = structlog.get_logger(__name__)


class RedisPictureStore:
    """Pictures as Redis strings with a TTL; `ObjectPictureStore` has its receipts here.

    Args:
        redis: A client that does not decode replies.
        keys: The installation's key names.
        ttl: Seconds until a picture is forgotten; `JobQueue.enqueue` may prolong that.
        share: Share of Redis' `maxmemory` up to which users' pictures are taken.
        share_of_one: Share of it that one user's pictures may have.
    """

    def __init__(
        self, redis: Redis, keys: Keys, *, ttl: int, share: float = SHARE_OF_ALL, share_of_one: float = SHARE_OF_ONE
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._ttl = ttl
        self._shares = (share, share_of_one)
        self._scripts = Scripts(redis, SCRIPTS)

    async def put(self, ref: str, data: bytes, *, user: int | None = None) -> None:
        """Keep a picture until its TTL runs out.

        A user's picture has its room before it is sent, beside that for the results of all accepted jobs. Pictures
        that nobody waits for any more go for it, oldest first.

        Raises:
            StorageFullError: Redis is at its `maxmemory`, or a user's picture would come into what is left free.
            StorageShareError: the user's other pictures leave no room, and their jobs still need them.
        """
        await self.keep(ref, data, ms=await self.reserve(ref, len(data), user=user))

    async def reserve(self, ref: str, size: int, *, user: int | None, receipt: bool = False) -> int:
        """Have room for a picture; returns for how many milliseconds it is to be kept.

        Args:
            ref: Its reference.
            size: Its bytes.
            user: The user whose share it counts against; None: nobody's, and no room is made.
            receipt: It is a receipt, so the job's result will be one as well and needs no room.

        Raises:
            StorageFullError: as `put`.
            StorageShareError: likewise.
        """
        if user is None:
            return self._ttl * 1000
        kept = await self._run("reserve", user, ref, size, self._ttl, *self._shares, int(receipt))
        if kept[0] == b"share":
            raise StorageShareError
        if kept[0] == b"full":
            raise StorageFullError
        return int(kept[1])

    async def keep(self, ref: str, data: bytes, *, ms: int) -> None:
        """Keep bytes for so many milliseconds.

        Raises:
            StorageFullError: Redis is at its `maxmemory`.
        """
        try:
            await chunks.put(self._redis, self._keys.picture(ref), data, ms=ms)
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
            await self._run("delete_pictures", *refs)

    async def leave_object(self, store: str, name: str) -> None:
        """Note an object to be deleted by the bot."""
        await self._redis.sadd(self._keys.dropped_objects, f"{store} {name}")

    async def erase(self, job_id: str, *refs: str) -> None:  # noqa: ARG002 - elsewhere it is needed
        """Forget a job's pictures, which are nowhere else."""
        await self.delete(*refs)

    async def _run(self, script: str, *arguments: str | float) -> list[Any]:
        keys = self._keys
        # The retention of jobs, which every script is given, is nothing to these.
        command: Command = (*keys.prefixes_of_scripts, 0, 0, *arguments)
        return cast("list[Any]", await self._scripts.run(script, keys.of_scripts, command, raw=True))
