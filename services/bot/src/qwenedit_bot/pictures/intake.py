"""Brings users' pictures from Telegram into the store, within the memory that pictures may take."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.errors import LaterError, StorageAwayError, StorageSlowError
from qwenedit_bot.pictures.budget import Budget, Reservation
from qwenedit_bot.pictures.downloads import Downloads
from qwenedit_bot.pictures.sources import Attachment, StoredPicture
from qwenedit_decoder.decoding import MAX_BYTES, Normalised, of_telegram
from qwenedit_jobs import PictureExpiredError, PictureStoreUnavailableError
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from qwenedit_bot.pictures.converter import Converter
    from qwenedit_bot.pictures.downloads import Files
    from qwenedit_jobs import PictureStore

log = structlog.get_logger(__name__)


STORE_PATIENCE = 30.0
"""Seconds that a picture may take to the store or from it in any case: Redis may be replaced meanwhile."""
STORE_SLOWEST = 64_000
"""Bytes a second that it is to have beyond: 4 MB take 92 s at most."""
LOOK_AGAIN = 1.0
"""Seconds until a request begins anew whose stored picture went for others while it was being read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture in the store."""

    data: bytes
    pixels: int = 0
    """Of the picture as its user sent it; 0 for an earlier result."""


class Room:
    """What a request holds while its pictures are fetched and stored."""

    def __init__(self, places: ExitStack, memory: Reservation) -> None:
        self._places = places
        self._memory = memory

    def hold_only(self, size: int) -> None:
        """Give back the places, and all memory but that of so many bytes: who judges the pictures may be slow."""
        self._places.close()
        self._memory.resize(size)


class PictureIntake:
    """Takes the pictures of requests.

    Args:
        files: Has what users sent.
        store: Keeps what becomes of it.
        converter: Makes that of it.
        memory: Bytes of pictures that the bot may have in memory.
    """

    def __init__(self, files: Files, store: PictureStore, converter: Converter, memory: Budget) -> None:
        self._store = store
        self._converter = converter
        self._memory = memory
        self._requests = Budget("user", 1_000_000, most_of_one=1)
        self._downloads = Downloads(files, files_awaited=lambda: converter.awaited or memory.awaited)

    async def found(self, attachments: Sequence[Attachment | StoredPicture]) -> tuple[Attachment | StoredPicture, ...]:
        """Return where pictures are now: Telegram's copy of each one that the store has no more.

        Raises:
            PictureExpiredError: one is nowhere.
        """
        return tuple([await self._found(each) for each in attachments])

    async def _found(self, attachment: Attachment | StoredPicture) -> Attachment | StoredPicture:
        if isinstance(attachment, Attachment) or await self._store.holds(attachment.ref):
            return attachment
        if attachment.copy is None:
            raise PictureExpiredError(attachment.ref)
        return attachment.copy

    @contextmanager
    def room(
        self, owner: int, attachments: Sequence[Attachment | StoredPicture], sizes: Sequence[int]
    ) -> Iterator[Room]:
        """Hold what a request's pictures may take, before any of them is fetched.

        Args:
            owner: User who asks: they have one request at a time here, in whatever chats.
            attachments: The pictures.
            sizes: Bytes of those that are stored already; see `sizes`.

        Raises:
            LaterError: another of the user's requests is here, or there is no room in memory, or all the places of
                downloads or of pictures to be converted are taken.
            PictureCooldownError: their last file had to be killed.
        """
        with self._requests.taken(owner), ExitStack() as held:
            places = held.enter_context(ExitStack())
            try:
                if any(isinstance(each, Attachment) for each in attachments):
                    places.enter_context(self._downloads.place(owner))
                if any(isinstance(each, Attachment) and each.mime is not None for each in attachments):
                    self._converter.check_rest(owner)
                    places.enter_context(self._converter.place(owner))
                memory = held.enter_context(self._memory.taken(owner, _most(attachments, sizes)))
            except LaterError:
                self._converter.pass_over(owner)
                self._memory.pass_over(owner)
                self._downloads.give_way_to_those_who_wait()
                raise
            yield Room(places, memory)

    async def sizes(self, attachments: Sequence[Attachment | StoredPicture]) -> list[int]:
        """Return the bytes of pictures that are stored already.

        Raises:
            LaterError: one is not kept any more, and Telegram has a copy.
            PictureExpiredError: one is not kept any more, and is nowhere else.
        """
        return [await self._size(each) for each in attachments if isinstance(each, StoredPicture)]

    async def _size(self, picture: StoredPicture) -> int:
        with _found_anew(picture):
            return await self._store.size(picture.ref)

    async def keep(self, attachment: Attachment | StoredPicture, ref: str, *, owner: int) -> Kept:
        """Put a picture into the store as the worker is to have it, and return it; to be called with room.

        Raises:
            LaterError: there is no process to convert it, or it is not kept any more and Telegram has a copy.
            FileTooBigError: it is larger than a bot may download.
            FileUnavailableError: Telegram does not hand it out, or too slowly again and again.
            PictureRefusedError: it is no picture that we take.
            PictureExpiredError: it is not kept any more, and is nowhere else.
            StorageFullError: the store has no room.
            StorageSlowError: the way to it is too slow.
            StorageAwayError: it does not answer.
        """
        if isinstance(attachment, StoredPicture):
            size = await self._size(attachment)
            with _found_anew(attachment):
                async with stored_in_time(size):
                    copied = await self._store.get(attachment.ref)
            await self._put(ref, copied)  # a copy lives as long as its own job
            return Kept(copied)
        data = await self._download(attachment)
        with tracing.span("convert photo"):
            normalised = await self._normalised(attachment, data, owner)
        with tracing.span("store photo"):
            await self._put(ref, normalised.data)
        log.info(
            "picture.stored", bytes=len(data), kept=len(normalised.data),
            width=normalised.width, height=normalised.height,
        )  # fmt: skip
        return Kept(normalised.data, normalised.pixels)

    async def stored(self, picture: StoredPicture) -> bytes:
        """Return a picture that was kept; to be called with room.

        Raises:
            PictureExpiredError: it is not kept any more.
            StorageSlowError: the way from the store is too slow.
            StorageAwayError: it does not answer.
        """
        async with stored_in_time(await self._size(picture)):
            return await self._store.get(picture.ref)

    async def _put(self, ref: str, data: bytes) -> None:
        async with stored_in_time(len(data)):
            await self._store.put(ref, data)

    async def _download(self, attachment: Attachment) -> bytes:
        with tracing.span("download photo", kind=tracing.Kind.CLIENT) as span:
            converted = attachment.mime is not None
            data = await self._downloads.fetch(attachment.file_id, expected=attachment.expected, converted=converted)
            span.set({attributes.BYTES: len(data)})
            return data

    async def _normalised(self, attachment: Attachment, data: bytes, owner: int) -> Normalised:
        if attachment.mime is not None:  # the place was taken before the download
            return await self._converter.normalise(data, owner=owner)
        normalised = of_telegram(data)
        if normalised is None:
            with self._converter.place(owner):
                normalised = await self._converter.normalise(data, owner=owner)
        return normalised


@contextmanager
def _found_anew(picture: StoredPicture) -> Iterator[None]:
    """Have the request begin anew where a picture goes meanwhile of which Telegram has a copy."""
    try:
        yield
    except PictureExpiredError:
        if picture.copy is None:
            raise
        raise LaterError(LOOK_AGAIN, "storage") from None


@asynccontextmanager
async def stored_in_time(size: int) -> AsyncIterator[None]:
    """Bound the time for which a picture is on its way to the store or from it, and takes memory.

    Raises:
        StorageSlowError: it was not there in time.
        StorageAwayError: the store does not answer.
    """
    try:
        async with asyncio.timeout(STORE_PATIENCE + size / STORE_SLOWEST):
            yield
    except TimeoutError:
        log.warning("picture.storage_slow", bytes=size)
        raise StorageSlowError from None
    except PictureStoreUnavailableError as error:
        log.warning("picture.storage_away", bytes=size, error=str(error))
        raise StorageAwayError from error


def _most(attachments: Sequence[Attachment | StoredPicture], sizes: Sequence[int]) -> int:
    """Bytes that a request's pictures take at most: all that are kept for moderation, and one that is converted."""
    sent = [each for each in attachments if isinstance(each, Attachment)]
    kept = sum(MAX_BYTES if each.mime is not None else each.expected for each in sent)
    return kept + max((each.expected for each in sent), default=0) + sum(sizes)
