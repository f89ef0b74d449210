"""What bot and worker see of the store of pictures, wherever it keeps them."""

from __future__ import annotations

from typing import Protocol


class PictureStore(Protocol):
    """Keeps pictures by reference: in Redis, or as objects with a receipt of each in Redis.

    Every method may raise `redis.exceptions.RedisError`. Those that move a picture may also raise
    `PictureStoreUnavailableError` where pictures lie in a store of objects. Every call may be repeated.
    """

    async def put(self, ref: str, data: bytes) -> None:
        """Keep a picture under a reference of the caller's choice; repeating it is harmless.

        Raises:
            StorageFullError: there's no room.
        """

    async def get(self, ref: str) -> bytes:
        """Return a picture.

        Raises:
            PictureExpiredError: nothing is kept under the reference.
        """

    async def deposit(self, ref: str, data: bytes) -> bytes:
        """Bring a result to where pictures lie.

        Returns:
            What `JobQueue.complete` is to keep under the reference: the picture, or the receipt of its object.

        Raises:
            StorageFullError: there is no room.
        """

    async def redeem(self, ref: str, kept: bytes) -> bytes:
        """Return the picture for what Redis keeps under its reference, such as a claim brings along.

        Raises:
            PictureExpiredError: the receipt's object is not there.
        """

    async def size(self, ref: str) -> int:
        """Return a picture's bytes.

        Raises:
            PictureExpiredError: nothing is kept under the reference.
        """

    async def holds(self, *refs: str) -> bool:
        """Whether all of these pictures are kept now."""

    async def delete(self, *refs: str) -> None:
        """Forget pictures; unknown references are ignored. Their objects go within seconds."""

    async def erase(self, job_id: str, *refs: str) -> None:
        """Forget a job's pictures, and have nothing of them left anywhere when this returns.

        Args:
            job_id: The job.
            refs: Its pictures. Whatever else was uploaded for it goes as well.
        """
