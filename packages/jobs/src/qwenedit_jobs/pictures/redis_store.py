"""Stores the pictures of jobs in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import OutOfMemoryError

from qwenedit_jobs.errors import PictureExpiredError, PictureTooLargeError, StorageFullError
from qwenedit_jobs.picture_refs import MAX_BYTES
from qwenedit_jobs.queue.queue_view import SCRIPTS, SHARE
from qwenedit_jobs.redis import chunks
from qwenedit_jobs.redis.scripts import Scripts, named

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys


class RedisPictureStore:
    """Pictures as Redis strings with a TTL.

    Args:
        redis: A client that does not decode replies.
        keys: The installation's key names.
        ttl: Seconds until a picture is forgotten.
    """

    in_redis = True

    def __init__(self, redis: Redis, keys: Keys, *, ttl: int) -> None:
        self._redis = redis
        self._keys = keys
        self._ttl = ttl
        self._scripts = Scripts(redis, SCRIPTS, lambda name: str(getattr(keys, name)))

    async def put(self, ref: str, data: bytes) -> None:
        """Store a picture until its TTL expires.

        It needs room beside the results of all unfinished jobs. Pictures of answered jobs are deleted to make room,
        oldest first.

        Raises:
            StorageFullError: there's no room.
        """
        reply = named(await self._scripts.run("make_room", bytes=len(data), share=SHARE))
        if not reply["room"]:
            raise StorageFullError
        try:
            await chunks.put(self._redis, self._keys.picture(ref), data, ms=self._ttl * 1000)
        except OutOfMemoryError as error:
            raise StorageFullError from error

    async def get(self, ref: str, size: int | None = None) -> bytes:
        """Return a picture; see `PictureStore`."""
        size = await self.size(ref) if size is None else size
        data = await chunks.get(self._redis, self._keys.picture(ref), size=size)
        if data is None:
            raise PictureExpiredError(ref)
        return data

    async def deposit(self, ref: str, data: bytes) -> bytes:  # noqa: ARG002 - elsewhere it is needed
        """Return the picture itself: `Leases.settle` brings it to Redis."""
        return data

    async def size(self, ref: str) -> int:
        """Return a picture's bytes; see `PictureStore`."""
        size = int(await self._redis.strlen(self._keys.picture(ref)))
        if not size:
            raise PictureExpiredError(ref)
        if size > MAX_BYTES:
            raise PictureTooLargeError(ref, size=size, most=MAX_BYTES)
        return size

    async def holds(self, *refs: str) -> bool:
        """Whether the TTL of none of these pictures has run out."""
        return not refs or int(await self._redis.exists(*map(self._keys.picture, refs))) == len(refs)

    async def delete(self, *refs: str) -> None:
        """Forget pictures."""
        if refs:
            await self._scripts.run("delete_pictures", refs=refs)

    async def delete_photos(self, job_id: str) -> None:
        """Do nothing: the queue's scripts delete a job's photos with its end."""

    async def erase(self, job_id: str, *refs: str) -> None:  # noqa: ARG002 - elsewhere it is needed
        """Forget a job's pictures, which are nowhere else."""
        await self.delete(*refs)

    async def check(self, *, deletes: bool) -> None:
        """Do nothing: a service that can't use Redis finds out soon enough."""
