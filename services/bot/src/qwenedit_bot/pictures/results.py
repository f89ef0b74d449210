"""Reads results from the store for users, within the memory that pictures may take."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from qwenedit_bot.pictures import xmp
from qwenedit_decoder import headers
from qwenedit_decoder.answers import MAX_RATIO, PictureRefusedError, Refusal
from qwenedit_telemetry import tracing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_bot.pictures.bound import Bound
    from qwenedit_decoder.headers import Header
    from qwenedit_jobs import PictureStore

PHOTO_BYTES: Final = 10 * 1000 * 1000
"""What sendPhoto takes (https://core.telegram.org/bots/api#sendphoto)."""
PHOTO_SIDES: Final = 10_000
"""Width and height together, in pixels, as above."""


@dataclass(frozen=True, slots=True)
class ResultPicture:
    """A result in memory, marked as edited by AI."""

    data: bytes
    is_photo: bool
    """sendPhoto takes it; otherwise only a file can carry it."""


class Results:
    """Reads results, and marks them. Users get results through here alone.

    Args:
        store: Has them as the worker made them.
        memory: Bytes of pictures that the bot may have in memory.
        tool: Name and version of the product, which the marks name.
    """

    def __init__(self, store: PictureStore, memory: Bound, *, tool: str) -> None:
        self._store = store
        self._memory = memory
        self._tool = tool

    @asynccontextmanager
    async def read(self, ref: str) -> AsyncIterator[ResultPicture]:
        """Have a result in memory inside the block.

        Raises:
            LaterError: there is no room in memory.
            PictureStoreUnavailableError: the store does not answer.
            PictureExpiredError: it is not kept any more.
            PictureRefusedError: it is neither PNG nor JPEG.
        """
        size = await self._store.size(ref)
        with self._memory.taken(2 * size):
            with tracing.span("read picture"):
                data = await self._store.get(ref, size)
            header = headers.read(data)
            if header is None:
                raise PictureRefusedError(Refusal.UNKNOWN)
            marked = xmp.marked(data, tool=self._tool)
            del data
            yield ResultPicture(marked, _is_photo(header, marked))


def _is_photo(header: Header, data: bytes) -> bool:
    shorter, longer = sorted((header.width, header.height))
    return longer + shorter <= PHOTO_SIDES and longer <= MAX_RATIO * shorter and len(data) <= PHOTO_BYTES
