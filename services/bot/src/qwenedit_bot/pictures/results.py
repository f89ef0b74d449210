"""Reads results from the store for users, within the memory that pictures may take."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import LaterError, StorageSlowError
from qwenedit_bot.pictures.intake import stored_in_time
from qwenedit_decoder.decoding import SEND_PHOTO_BYTES, goes_as_it_is
from qwenedit_telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_bot.pictures.budget import Budget
    from qwenedit_bot.pictures.converter import Converter
    from qwenedit_jobs import PictureStore


SLOW_AGAIN = 60.0
"""Seconds until a result is read again that took too long."""


@dataclass(frozen=True, slots=True)
class ResultPicture:
    """A result in memory."""

    original: bytes
    """As the worker made it."""
    photo: bytes | None
    """As sendPhoto takes it; None where only a file can carry it."""


class Results:
    """Reads results.

    Args:
        store: Has them.
        converter: Makes photos of large ones.
        memory: Bytes of pictures that the bot may have in memory.
    """

    def __init__(self, store: PictureStore, converter: Converter, memory: Budget) -> None:
        self._store = store
        self._converter = converter
        self._memory = memory

    @asynccontextmanager
    async def read(self, ref: str, *, owner: int) -> AsyncIterator[ResultPicture]:
        """Have a result in memory inside the block, as it was made and as a photo.

        Args:
            ref: Of the result in the store.
            owner: User who asked for it, for a fair share.

        Raises:
            LaterError: there is no room in memory, or no process to convert it.
            StorageAwayError: the store does not answer.
            PictureExpiredError: it is not kept any more.
            PictureRefusedError: it is no picture.
        """
        heavy = await self._store.size(ref) > SEND_PHOTO_BYTES
        with ExitStack() as place:
            if heavy:  # before it is read: sixteen that wait for one place would be read again and again
                place.enter_context(self._converter.place(owner, heavy=True))
            async with self.original(ref, owner=owner) as original:
                with tracing.span("convert picture"):
                    as_it_is = not heavy and goes_as_it_is(original)
                    photo = original if as_it_is else await self._photo(original, owner, place, heavy=heavy)
                yield ResultPicture(original, photo)

    @asynccontextmanager
    async def original(self, ref: str, *, owner: int) -> AsyncIterator[bytes]:
        """Have a result in memory inside the block, as it was made.

        Raises:
            LaterError: there is no room in memory, or the way from the store is too slow.
            StorageAwayError: the store does not answer.
            PictureExpiredError: it is not kept any more.
        """
        size = await self._store.size(ref)
        with self._memory.taken(owner, size + (SEND_PHOTO_BYTES if size > SEND_PHOTO_BYTES else 0)):
            with tracing.span("read picture"):
                original = await self._get(ref, size)
            yield original

    async def _get(self, ref: str, size: int) -> bytes:
        try:
            async with stored_in_time(size):
                return await self._store.get(ref)
        except StorageSlowError:
            raise LaterError(SLOW_AGAIN, "storage") from None

    async def _photo(self, original: bytes, owner: int, place: ExitStack, *, heavy: bool) -> bytes | None:
        if not heavy:
            place.enter_context(self._converter.place(owner))
        photo = await self._converter.for_send_photo(original, owner=owner, heavy=heavy)
        place.close()  # what is sent now needs none
        return photo
