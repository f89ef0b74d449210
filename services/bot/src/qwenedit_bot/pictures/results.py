"""Reads results from the store for users, within the memory that pictures may take."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import LaterError, StorageSlowError
from qwenedit_bot.pictures.intake import stored_in_time
from qwenedit_decoder.answers import SEND_PHOTO_BYTES, ResultLook
from qwenedit_telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_bot.pictures.bound import Bound
    from qwenedit_bot.pictures.converter import Converter
    from qwenedit_jobs import PictureStore


SLOW_AGAIN = 60.0
"""Seconds until a result is read again that took too long."""


@dataclass(frozen=True, slots=True)
class ResultPicture:
    """A result in memory, marked as edited by AI."""

    original: bytes
    """As the worker made it."""
    photo: bytes | None
    """As sendPhoto takes it; None where only a file can carry it."""


class Results:
    """Reads results, and marks them. Users get results through here alone.

    Args:
        store: Has them as the worker made them.
        converter: Marks them, and makes photos of large ones.
        memory: Bytes of pictures that the bot may have in memory.
    """

    def __init__(self, store: PictureStore, converter: Converter, memory: Bound) -> None:
        self._store = store
        self._converter = converter
        self._memory = memory

    @asynccontextmanager
    async def read(self, ref: str) -> AsyncIterator[ResultPicture]:
        """Have a result in memory inside the block, as it was made and as a photo.

        Raises:
            LaterError: there is no room in memory or no process for it, or the way from the store is too slow.
            PictureStoreUnavailableError: the store does not answer.
            PictureExpiredError: it is not kept any more.
            PictureRefusedError: it is no picture.
        """
        async with self._opened(ref, as_photo=True) as (data, look):
            marked = _marked(data, look)
            if look.fits:
                yield ResultPicture(marked, marked)
            else:
                with tracing.span("convert picture"):
                    photo = await self._converter.make_photo(data, heavy=look.heavy)
                del data
                yield ResultPicture(marked, photo)

    @asynccontextmanager
    async def original(self, ref: str) -> AsyncIterator[bytes]:
        """Have a result in memory inside the block, as it was made; raises what `read` raises."""
        async with self._opened(ref, as_photo=False) as (data, look):
            yield _marked(data, look)

    @asynccontextmanager
    async def _opened(self, ref: str, *, as_photo: bool) -> AsyncIterator[tuple[bytes, ResultLook]]:
        size = await self._store.size(ref)
        if as_photo and size > SEND_PHOTO_BYTES:  # sixteen that wait would be read again and again
            self._converter.check_heavy()
        with self._memory.taken(2 * size + (SEND_PHOTO_BYTES if size > SEND_PHOTO_BYTES else 0)):
            try:
                with tracing.span("read picture"):
                    async with stored_in_time(size):
                        data = await self._store.get(ref)
            except StorageSlowError:
                raise LaterError(SLOW_AGAIN, "storage") from None
            yield data, await self._converter.look_at_result(data)


def _marked(data: bytes, look: ResultLook) -> bytes:
    return b"".join((memoryview(data)[: look.at], look.data, memoryview(data)[look.at :]))
