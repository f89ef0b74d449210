"""Brings users' pictures from Telegram into the store, within the memory that pictures may take."""

from __future__ import annotations

from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeAlias

import structlog

from qwenedit_bot.pictures.bound import Bound, later
from qwenedit_bot.pictures.sources import Attachment, StoredPicture
from qwenedit_decoder.limits import LIGHT_BYTES, MAX_BYTES
from qwenedit_jobs import PictureExpiredError
from qwenedit_telemetry import attributes, tracing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from qwenedit_bot.chat.bot_api import Messenger
    from qwenedit_bot.pictures.converter import Converter
    from qwenedit_jobs import PictureStore

log = structlog.get_logger(__name__)

DOWNLOADS = 16
"""Requests whose pictures are fetched side by side."""
FILES, LARGE_FILES = 3, 2
"""Of these, requests with pictures that were sent as files, each of which is converted: small ones, and large ones."""

Located: TypeAlias = tuple[Attachment | StoredPicture, int]
"""A picture, and the bytes that it takes at most."""


class PictureIntake:
    """Takes the pictures of requests."""

    def __init__(self, messenger: Messenger, store: PictureStore, converter: Converter, memory: Bound) -> None:
        self._messenger = messenger
        self._store = store
        self._converter = converter
        self._memory = memory
        self._downloads = Bound("download", DOWNLOADS)
        self._files_side_by_side = {False: Bound("conversion", FILES), True: Bound("conversion", LARGE_FILES)}
        """By whether one is large."""
        self._busy = set[int]()
        """Users with a request here."""

    async def located(self, attachments: Sequence[Attachment | StoredPicture]) -> list[Located]:
        """Return where pictures are now, which is Telegram's copy of each one that the store has no more.

        Raises:
            PictureExpiredError: one is nowhere.
        """
        return [await self._located(each) for each in attachments]

    async def _located(self, picture: Attachment | StoredPicture) -> Located:
        if isinstance(picture, Attachment):
            return picture, _most(picture)
        try:
            return picture, await self._store.size(picture.ref)
        except PictureExpiredError:
            if picture.copy is None:
                raise
        return picture.copy, _most(picture.copy)

    @contextmanager
    def room(self, owner: int, pictures: Sequence[Located]) -> Iterator[None]:
        """Hold what the `located` pictures of a request may take, before any of them is fetched.

        The user who asks, its `owner`, has one request at a time here, in whatever chats.

        Raises:
            LaterError: another of the user's requests is here, or there is no room in memory, or all the places of
                downloads or of files are taken.
        """
        if owner in self._busy:
            raise later("user")
        attachments = [each for each, _size in pictures if isinstance(each, Attachment)]
        with ExitStack() as stack:
            if attachments:
                stack.enter_context(self._downloads.taken())
            stack.enter_context(self._memory.taken(max(size for _each, size in pictures)))
            if files := [each for each in attachments if each.mime is not None]:
                # Last: a request that lacks something else keeps its place in this line.
                stack.enter_context(self._files_side_by_side[any(map(_is_large, files))].taken(owner=owner))
            self._busy.add(owner)
            stack.callback(self._busy.discard, owner)
            yield

    async def keep(self, attachment: Attachment | StoredPicture, ref: str) -> None:
        """Put a picture into the store as the worker is to have it; to be called with room.

        Raises:
            LaterError: there is no process to convert it, or it is not kept any more and Telegram has a copy.
            TelegramUnavailableError: it came too slowly, or Telegram does not answer.
            FileTooBigError: it is larger than a bot may download.
            FileUnavailableError: Telegram does not hand it out.
            PictureRefusedError: it is no picture that we take.
            PictureExpiredError: it is not kept any more, and is nowhere else.
            StorageFullError: the store has no room.
            PictureStoreUnavailableError: it does not answer.
        """
        if isinstance(attachment, StoredPicture):
            try:
                await self._store.put(ref, await self._store.get(attachment.ref))  # a copy lives as long as its own job
            except PictureExpiredError:
                if attachment.copy is None:
                    raise
                raise later("storage") from None
            return
        with tracing.span("download photo", kind=tracing.Kind.CLIENT) as span:
            data = await self._messenger.download(attachment.file_id, limit=MAX_BYTES)
            span.set({attributes.BYTES: len(data)})
        with tracing.span("convert photo"):
            photo, large = attachment.mime is None, _is_large(attachment)
            normalised = await self._converter.normalise(data, photo=photo, large=large)
        with tracing.span("store photo"):
            await self._store.put(ref, normalised.data)
        size = {"width": normalised.width, "height": normalised.height}
        log.info("picture.stored", bytes=len(data), kept=len(normalised.data), **size)

    @asynccontextmanager
    async def stored(self, refs: Sequence[str]) -> AsyncIterator[list[bytes]]:
        """Have pictures in memory inside the block that were kept.

        Raises:
            LaterError: there is no room in memory.
            PictureExpiredError: one is not kept any more.
            PictureStoreUnavailableError: it does not answer.
        """
        sizes = [await self._store.size(ref) for ref in refs]
        with self._memory.taken(sum(sizes)):
            yield [await self._store.get(ref, size) for ref, size in zip(refs, sizes, strict=True)]


def _most(attachment: Attachment) -> int:
    """Most bytes of a picture: as received, and as stored."""
    return attachment.expected + (attachment.expected if attachment.mime is None else MAX_BYTES)


def _is_large(file: Attachment) -> bool:
    return file.mime in ("image/heic", "image/heif", "image/avif") or file.expected > LIGHT_BYTES
