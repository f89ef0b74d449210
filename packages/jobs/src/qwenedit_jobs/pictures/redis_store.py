"""Stores the pictures of jobs in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import OutOfMemoryError

from qwenedit_jobs.errors import PictureExpiredError, StorageFullError, StorageShareError
from qwenedit_jobs.queue.queue import SCRIPTS, SHARE_OF_ALL
from qwenedit_jobs.redis import chunks
from qwenedit_jobs.redis.scripts import Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.redis.scripts import Command

SHARE_OF_ONE = 0.1
"""Share of Redis' `maxmemory` for the pictures of one user, results included."""


class RedisPictureStore:
    """Pictures as Redis strings with a TTL.

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
        milliseconds = self._ttl * 1000 if user is None else await self._reserve(ref, len(data), user)
        try:
            await chunks.put(self._redis, self._keys.picture(ref), data, ms=milliseconds)
        except OutOfMemoryError as error:
            raise StorageFullError from error

    async def _reserve(self, ref: str, size: int, user: int) -> int:
        """Have room for a picture; returns for how many milliseconds it is to be kept."""
        keys = self._keys
        arguments: Command = (*keys.prefixes_of_scripts, 0, 0, user, ref, size, self._ttl, *self._shares)
        outcome, *kept = cast("list[Any]", await self._scripts.run("reserve", keys.of_scripts, arguments, raw=True))
        if outcome == b"share":
            raise StorageShareError
        if outcome == b"full":
            raise StorageFullError
        return int(kept[0])

    async def get(self, ref: str) -> bytes:
        """Return a picture.

        Raises:
            PictureExpiredError: its TTL ran out, or it never was.
        """
        data = await chunks.get(self._redis, self._keys.picture(ref))
        if data is None:
            raise PictureExpiredError(ref)
        return data

    async def size(self, ref: str) -> int:
        """Return a picture's bytes.

        Raises:
            PictureExpiredError: its TTL ran out, or it never was.
        """
        size = int(await self._redis.strlen(self._keys.picture(ref)))
        if not size:
            raise PictureExpiredError(ref)
        return size

    async def holds(self, *refs: str) -> bool:
        """Whether the TTL of none of these pictures has run out."""
        return int(await self._redis.exists(*(self._keys.picture(ref) for ref in refs))) == len(refs)

    async def delete(self, *refs: str) -> None:
        """Forget pictures."""
        if refs:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.unlink(*(self._keys.picture(ref) for ref in refs))
            pipeline.zrem(self._keys.answered_pictures, *refs)
            await pipeline.execute()
