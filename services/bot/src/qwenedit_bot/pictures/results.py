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
    from qwenedit_bot.pictures.marks import Marks
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
        converter: Makes photos of large ones.
        memory: Bytes of pictures that the bot may have in memory.
        marks: Says in them that an AI edited them.
    """

    def __init__(self, store: PictureStore, converter: Converter, memory: Budget, marks: Marks) -> None:
        self._store = store
        self._converter = converter
        self._memory = memory
        self._marks = marks

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
            if heavy or self._marks.visible:  # before it is read: sixteen that wait would be read again and again
                self._take_place(place, owner, heavy=heavy)
            with self._memory.taken(owner, self._most(size)) as held:
                data = await self._get(ref, size, owner, heavy=heavy)
                with tracing.span("convert picture"):
                    alike = not heavy and goes_as_it_is(data)
                    photo = data if alike else await self._photo(data, owner, place, heavy=heavy)
                place.close()  # what is sent now needs none
                data = await self._marks.mark(data)
                photo = data if alike else await self._marks.mark(photo) if photo is not None else None
                held.resize(len(data) if alike else len(data) + len(photo or b""))
                yield ResultPicture(data, photo)

    @asynccontextmanager
    async def original(self, ref: str, *, owner: int) -> AsyncIterator[bytes]:
        """Have a result in memory inside the block, as it was made.

        Raises:
            LaterError: there is no room in memory, no process that marks it, or the way from the store is too slow.
            StorageAwayError: the store does not answer.
            PictureExpiredError: it is not kept any more.
            PictureRefusedError: it is no picture.
        """
        size = await self._store.size(ref)
        heavy = size > SEND_PHOTO_BYTES
        with ExitStack() as place:
            if self._marks.visible:
                self._take_place(place, owner, heavy=heavy)
            with self._memory.taken(owner, self._most(size)) as held:
                data = await self._get(ref, size, owner, heavy=heavy)
                place.close()
                data = await self._marks.mark(data)
                held.resize(len(data))
                yield data

    def _take_place(self, place: ExitStack, owner: int, *, heavy: bool) -> None:
        try:
            place.enter_context(self._converter.place(owner, heavy=heavy))
        except LaterError:
            self._memory.pass_over(owner)
            raise

    async def _get(self, ref: str, size: int, owner: int, *, heavy: bool) -> bytes:
        """Read a result, and draw the sign into its corner where there is to be one."""
        try:
            with tracing.span("read picture"):
                async with stored_in_time(size):
                    data = await self._store.get(ref)
        except StorageSlowError:
            raise LaterError(SLOW_AGAIN, "storage") from None
        if not self._marks.visible:
            return data
        drawn = await self._converter.with_corner_mark(data, owner=owner, heavy=heavy)
        self._marks.note_visible(made=drawn is not None)
        return data if drawn is None else drawn

    async def _photo(self, original: bytes, owner: int, place: ExitStack, *, heavy: bool) -> bytes | None:
        if not heavy and not self._marks.visible:
            place.enter_context(self._converter.place(owner))
        return await self._converter.for_send_photo(original, owner=owner, heavy=heavy)

    def _most(self, size: int) -> int:
        """Bytes that a result takes at most while it is made ready to be sent."""
        return size * self._marks.copies + (SEND_PHOTO_BYTES if size > SEND_PHOTO_BYTES else 0)
