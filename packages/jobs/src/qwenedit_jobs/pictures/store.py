"""What bot and worker see of the store of pictures, wherever it keeps them."""

from __future__ import annotations

from typing import Protocol


class PictureStore(Protocol):
    """Keeps pictures by reference. Redis today; object storage fits behind the same calls."""

    async def put(self, ref: str, data: bytes, *, user: int | None = None) -> None:
        """Keep a picture under a reference of the caller's choice; repeating it is harmless.

        Args:
            ref: The reference.
            data: The picture.
            user: The user whose share the picture counts against; None: nobody's.

        Raises:
            StorageFullError: there is no room.
            StorageShareError: the user has no room.
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
