"""What bot and worker see of the store of pictures, wherever it keeps them."""

from __future__ import annotations

from typing import Protocol


class PictureStore(Protocol):
    """Keeps pictures by reference: in Redis, or as objects in a bucket or a folder.

    Every call may be repeated. In Redis each may raise `redis.exceptions.RedisError`, in a bucket
    `PictureStoreUnavailableError`. A picture beyond `picture_refs.MAX_BYTES` is never read.
    """

    in_redis: bool
    """Whether the pictures lie beside the jobs, so that the queue's scripts see and delete them."""

    async def put(self, ref: str, data: bytes) -> None:
        """Keep a picture under a reference of the caller's choice; repeating it is harmless.

        Raises:
            StorageFullError: there's no room.
        """

    async def get(self, ref: str, size: int | None = None) -> bytes:
        """Return a picture.

        Args:
            ref: Its reference.
            size: Its bytes as `size` returned them, if that was called.

        Raises:
            PictureExpiredError: nothing is kept under the reference, or it's larger than any picture may be.
        """

    async def deposit(self, ref: str, data: bytes) -> bytes:
        """Bring a result to where pictures lie.

        Returns:
            What `Leases.settle` is to bring to Redis: the picture, or nothing.
        """

    async def size(self, ref: str) -> int:
        """Return a picture's bytes.

        Raises:
            PictureExpiredError: as `get`.
        """

    async def holds(self, *refs: str) -> bool:
        """Return whether the store has all of these pictures."""

    async def delete(self, *refs: str) -> None:
        """Delete pictures; unknown references are ignored."""

    async def delete_photos(self, job_id: str) -> None:
        """Delete the photos of a job that is done, where the queue's scripts don't."""

    async def erase(self, job_id: str, *refs: str) -> None:
        """Delete a job's pictures, and have nothing of them left anywhere when this returns.

        Args:
            job_id: The job.
            refs: Its pictures. In a bucket, whatever else was uploaded for it goes as well.
        """

    async def check(self, *, deletes: bool) -> None:
        """Find out whether a service may do there what it's for.

        Args:
            deletes: Whether it deletes and lists as well.

        Raises:
            PictureStoreRefusedError: it may not, until an operator has mended something.
        """
