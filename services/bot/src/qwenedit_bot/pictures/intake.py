"""Brings users' pictures from Telegram into the store, within the memory that pictures may take."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.errors import StorageSlowError
from qwenedit_bot.pictures.budget import Budget
from qwenedit_bot.pictures.downloads import Downloads
from qwenedit_decoder.decoding import MAX_BYTES, Normalised, of_telegram
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


@dataclass(frozen=True, slots=True)
class Attachment:
    """A user's picture that Telegram keeps."""

    file_id: str
    size: int | None
    """Bytes, where Telegram says so."""
    mime: str | None
    """Type of a picture sent as a file; None for a photo."""

    @property
    def expected(self) -> int:
        """Bytes that a download may have."""
        return MAX_BYTES if self.size is None else min(self.size, MAX_BYTES)


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture of an earlier job, its input or its result."""

    ref: str
    """In the picture store."""


class Intake:
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
        self._downloads = Downloads(files)

    @contextmanager
    def room(
        self, owner: int, attachments: Sequence[Attachment | StoredPicture], sizes: Sequence[int]
    ) -> Iterator[None]:
        """Hold what a request's pictures may take, before any of them is fetched.

        Args:
            owner: User who asks: they have one request at a time here, in whatever chats.
            attachments: The pictures.
            sizes: Bytes of those that are stored already; see `sizes`.

        Raises:
            LaterError: another of the user's requests is here, or there is no room in memory, or all the places of
                downloads or of pictures to be converted are taken.
            RestingError: their last file had to be killed.
        """
        with ExitStack() as stack:
            stack.enter_context(self._requests.taken(owner))
            if any(isinstance(each, Attachment) for each in attachments):
                stack.enter_context(self._downloads.place(owner))
            if any(isinstance(each, Attachment) and each.mime is not None for each in attachments):
                self._converter.check_rest(owner)
                stack.enter_context(self._converter.place(owner))
            stack.enter_context(self._memory.taken(owner, _most(attachments, sizes)))
            yield

    async def sizes(self, attachments: Sequence[Attachment | StoredPicture]) -> list[int]:
        """Return the bytes of pictures that are stored already.

        Raises:
            PictureExpiredError: one is not kept any more.
        """
        return [await self._store.size(each.ref) for each in attachments if isinstance(each, StoredPicture)]

    async def keep(self, attachment: Attachment | StoredPicture, ref: str, *, owner: int) -> bytes:
        """Put a picture into the store as the worker is to have it, and return it; to be called with room.

        Raises:
            LaterError: there is no process to convert it.
            FileTooBigError: it is larger than a bot may download.
            FileUnavailableError: Telegram does not hand it out, or too slowly again and again.
            PictureRefusedError: it is no picture that we take.
            PictureExpiredError: it is not kept any more.
            StorageFullError: the store has no room.
            StorageSlowError: the way to it is too slow.
        """
        if isinstance(attachment, StoredPicture):
            async with stored_in_time(await self._store.size(attachment.ref)):
                copied = await self._store.get(attachment.ref)
            await self._put(ref, copied, owner)  # a copy lives as long as its own job
            return copied
        data = await self._download(attachment)
        with tracing.span("convert photo"):
            normalised = await self._normalised(attachment, data, owner)
        with tracing.span("store photo"):
            await self._put(ref, normalised.data, owner)
        log.info(
            "picture.stored", bytes=len(data), kept=len(normalised.data),
            width=normalised.width, height=normalised.height,
        )  # fmt: skip
        return normalised.data

    async def _put(self, ref: str, data: bytes, owner: int) -> None:
        async with stored_in_time(len(data)):
            await self._store.put(ref, data, user=owner)

    async def _download(self, attachment: Attachment) -> bytes:
        with tracing.span("download photo", kind=tracing.Kind.CLIENT) as span:
            data = await self._downloads.fetch(attachment.file_id, expected=attachment.expected)
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


@asynccontextmanager
async def stored_in_time(size: int) -> AsyncIterator[None]:
    """Bound the time for which a picture is on its way to the store or from it, and takes memory.

    Raises:
        StorageSlowError: it was not there in time.
    """
    try:
        async with asyncio.timeout(STORE_PATIENCE + size / STORE_SLOWEST):
            yield
    except TimeoutError:
        log.warning("picture.storage_slow", bytes=size)
        raise StorageSlowError from None


def _most(attachments: Sequence[Attachment | StoredPicture], sizes: Sequence[int]) -> int:
    """Bytes that a request's pictures take at most: all that are kept for moderation, and one that is converted."""
    sent = [each for each in attachments if isinstance(each, Attachment)]
    kept = sum(MAX_BYTES if each.mime is not None else each.expected for each in sent)
    return kept + max((each.expected for each in sent), default=0) + sum(sizes)
