"""Moves users' pictures from Telegram into the store, within a memory limit."""

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

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.pictures.converter import Converter
    from qwenedit_jobs import PictureStore

log = structlog.get_logger(__name__)

DOWNLOADS = 16
"""Requests whose pictures are fetched concurrently."""
FILES, LARGE_FILES = 3, 2
"""Of these, requests with pictures sent as files, which need a conversion: small and large files."""

Located: TypeAlias = tuple[Attachment | StoredPicture, int]
"""A picture, and the most bytes that it can take."""


class PictureIntake:
    """Fetches and stores the pictures of requests."""

    def __init__(self, messenger: Messenger, store: PictureStore, converter: Converter, memory: Bound) -> None:
        self._messenger = messenger
        self._store = store
        self._converter = converter
        self._memory = memory
        self._downloads = Bound("download", DOWNLOADS)
        self._files_side_by_side = {False: Bound("conversion", FILES), True: Bound("conversion", LARGE_FILES)}
        """By whether one is large."""
        self._busy = set[int]()
        """Users with a request in progress."""

    async def located(self, attachments: Sequence[Attachment | StoredPicture]) -> list[Located]:
        """Locate pictures: in the store, or else in Telegram's copy.

        Raises:
            PictureExpiredError: one has neither.
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
        """Reserve memory and slots for the `located` pictures of a request, before fetching any.

        The request's user, `owner`, has one request at a time here, across all chats.

        Raises:
            LaterError: the user has another request here, or memory or the slots for downloads or files are taken.
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
        """Store a picture in the form that workers read; call it inside `room`.

        Raises:
            LaterError: no conversion process is free, or it left the store and Telegram has a copy.
            TelegramUnavailableError: the download was too slow, or Telegram doesn't answer.
            FileTooBigError: it's larger than a bot may download.
            FileUnavailableError: Telegram doesn't serve it.
            PictureRefusedError: it isn't an accepted picture.
            PictureExpiredError: it left the store, and there's no copy.
            StorageFullError: the store has no room.
            PictureStoreUnavailableError: the store doesn't answer.
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
        """Load stored pictures into memory for the block.

        Raises:
            LaterError: there's no memory for them now.
            PictureExpiredError: one left the store.
            PictureStoreUnavailableError: the store doesn't answer.
        """
        sizes = [await self._store.size(ref) for ref in refs]
        with self._memory.taken(sum(sizes)):
            yield [await self._store.get(ref, size) for ref, size in zip(refs, sizes, strict=True)]


def _most(attachment: Attachment) -> int:
    """Return the most bytes that a picture takes: as received, and as stored."""
    return attachment.expected + (attachment.expected if attachment.mime is None else MAX_BYTES)


def _is_large(file: Attachment) -> bool:
    return file.mime in ("image/heic", "image/heif", "image/avif") or file.expected > LIGHT_BYTES
