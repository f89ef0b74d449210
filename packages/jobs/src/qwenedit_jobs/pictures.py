"""Where pictures lie while their job lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from redis.exceptions import NoPermissionError, OutOfMemoryError

from qwenedit_jobs import pieces
from qwenedit_jobs.errors import PictureExpiredError, StorageFullError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys


class PictureStore(Protocol):
    """Keeps pictures by reference. Redis today; object storage fits behind the same calls."""

    async def put(self, ref: str, data: bytes) -> None:
        """Keep a picture under a reference of the caller's choice; repeating it is harmless.

        Raises:
            StorageFullError: there is no room.
        """

    async def get(self, ref: str) -> bytes:
        """Return a picture.

        Raises:
            PictureExpiredError: nothing is kept under the reference.
        """

    async def size(self, ref: str) -> int:
        """Return a picture's bytes.

        Raises:
            PictureExpiredError: nothing is kept under the reference.
        """

    async def holds(self, *refs: str) -> bool:
        """Whether all of these pictures are kept now."""

    async def delete(self, *refs: str) -> None:
        """Forget pictures; unknown references are ignored."""


class RedisPictureStore:
    """Pictures as Redis strings with a TTL.

    Args:
        redis: A client that does not decode replies.
        keys: The installation's key names.
        ttl: Seconds until a picture is forgotten.
        reserve: Share of Redis' `maxmemory` that pictures put here leave free. Without room for its small writes
            a service cannot even say that there is none.
    """

    def __init__(self, redis: Redis, keys: Keys, *, ttl: int, reserve: float = 0.0) -> None:
        self._redis = redis
        self._keys = keys
        self._ttl = ttl
        self._reserve = reserve

    async def put(self, ref: str, data: bytes) -> None:
        """Keep a picture until its TTL runs out.

        Raises:
            StorageFullError: Redis is at its `maxmemory`, or would come into the reserve below it.
        """
        try:
            await pieces.put(self._redis, self._keys.picture(ref), data, ms=self._ttl * 1000)
        except OutOfMemoryError as error:
            raise StorageFullError from error
        if self._reserve and not await self._leaves_reserve():  # it goes again where it has taken too much
            await self.delete(ref)
            raise StorageFullError

    async def _leaves_reserve(self) -> bool:
        try:
            memory: Mapping[str, Any] = await self._redis.info("memory")
        except NoPermissionError:  # a Redis whose administrator keeps that to himself
            return True
        limit = int(memory.get("maxmemory", 0))
        return not limit or int(memory["used_memory"]) <= limit * (1 - self._reserve)

    async def get(self, ref: str) -> bytes:
        """Return a picture.

        Raises:
            PictureExpiredError: its TTL ran out, or it never was.
        """
        data = await pieces.get(self._redis, self._keys.picture(ref))
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
            await self._redis.unlink(*(self._keys.picture(ref) for ref in refs))


def input_ref(job_id: str, index: int) -> str:
    """Name a job's picture by its position, so that a repeated upload replaces itself."""
    return f"{job_id}:in:{index}"


def result_ref(job_id: str, attempt: int) -> str:
    """Name what an attempt produced; a zombie's late result never overwrites its successor's."""
    return f"{job_id}:out:{attempt}"
