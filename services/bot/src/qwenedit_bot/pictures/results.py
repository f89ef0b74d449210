"""Reads results from the store for users, within the memory that pictures may take."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.errors import LaterError, StorageSlowError
from qwenedit_bot.pictures.intake import stored_in_time
from qwenedit_decoder.decoding import SEND_PHOTO_BYTES, goes_as_it_is
from qwenedit_decoder.xmp import UnmarkableError, marked
from qwenedit_telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_bot.pictures.budget import Budget
    from qwenedit_bot.pictures.converter import Converter
    from qwenedit_jobs import PictureStore


log = structlog.get_logger(__name__)

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
        converter: Makes photos of large ones.
        memory: Bytes of pictures that the bot may have in memory.
        version: Of the product, which the marks name.
    """

    def __init__(self, store: PictureStore, converter: Converter, memory: Budget, *, version: str) -> None:
        self._store = store
        self._converter = converter
        self._memory = memory
        self._tool = f"qwenedit {version}"

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
        size = await self._store.size(ref)
        heavy = size > SEND_PHOTO_BYTES
        with ExitStack() as place:
            if heavy:  # before it is read: sixteen that wait would be read again and again
                self._take_place(place, owner)
            with self._memory.taken(owner, self._most(size)) as held:
                data = await self._get(ref, size)
                with tracing.span("convert picture"):
                    alike = not heavy and goes_as_it_is(data)
                    photo = data if alike else await self._photo(data, owner, place, heavy=heavy)
                place.close()  # what is sent now needs none
                data = self._marked(data)
                photo = data if alike else self._marked(photo) if photo is not None else None
                held.resize(len(data) if alike else len(data) + len(photo or b""))
                yield ResultPicture(data, photo)

    @asynccontextmanager
    async def original(self, ref: str, *, owner: int) -> AsyncIterator[bytes]:
        """Have a result in memory inside the block, as it was made.

        Raises:
            LaterError: there is no room in memory, or the way from the store is too slow.
            StorageAwayError: the store does not answer.
            PictureExpiredError: it is not kept any more.
            PictureRefusedError: it is no picture.
        """
        size = await self._store.size(ref)
        with self._memory.taken(owner, self._most(size)) as held:
            data = self._marked(await self._get(ref, size))
            held.resize(len(data))
            yield data

    def _take_place(self, place: ExitStack, owner: int) -> None:
        try:
            place.enter_context(self._converter.place(owner, heavy=True))
        except LaterError:
            self._memory.pass_over(owner)
            raise

    async def _get(self, ref: str, size: int) -> bytes:
        try:
            with tracing.span("read picture"):
                async with stored_in_time(size):
                    return await self._store.get(ref)
        except StorageSlowError:
            raise LaterError(SLOW_AGAIN, "storage") from None

    def _marked(self, data: bytes) -> bytes:
        """Return a result with its mark. One that can't be marked goes out as it is: a mark withholds no answer."""
        try:
            return marked(data, tool=self._tool)
        except UnmarkableError as error:
            log.error("mark.missing", error=str(error))  # noqa: TRY400 - there is no more to say
            return data

    async def _photo(self, original: bytes, owner: int, place: ExitStack, *, heavy: bool) -> bytes | None:
        if not heavy:
            place.enter_context(self._converter.place(owner))
        return await self._converter.for_send_photo(original, owner=owner, heavy=heavy)

    @staticmethod
    def _most(size: int) -> int:
        """Bytes that a result takes at most while it is made ready to be sent."""
        return size * 2 + (SEND_PHOTO_BYTES if size > SEND_PHOTO_BYTES else 0)
