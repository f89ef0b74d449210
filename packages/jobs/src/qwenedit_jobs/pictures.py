"""Where pictures lie while their job lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

from redis.exceptions import NoPermissionError, OutOfMemoryError

from qwenedit_jobs.errors import PictureExpiredError, StorageFullError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys


class PictureStore(Protocol):
    """Keeps pictures by reference. Redis today; object storage fits behind the same three calls."""

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
        if self._reserve:
            await self._leave_reserve(len(data))
        try:
            await self._redis.set(self._keys.picture(ref), data, ex=self._ttl)
        except OutOfMemoryError as error:
            raise StorageFullError from error

    async def _leave_reserve(self, size: int) -> None:
        try:
            memory = await self._redis.info("memory")
        except NoPermissionError:  # a Redis whose administrator keeps that to himself
            return
        limit = int(memory.get("maxmemory", 0))
        if limit and int(memory["used_memory"]) + size > limit * (1 - self._reserve):
            raise StorageFullError

    async def get(self, ref: str) -> bytes:
        """Return a picture.

        Raises:
            PictureExpiredError: its TTL ran out, or it never was.
        """
        data = cast("bytes | None", await self._redis.get(self._keys.picture(ref)))
        if data is None:
            raise PictureExpiredError(ref)
        return data

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
