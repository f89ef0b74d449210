"""From a user's photo and instruction to a job in the queue, or to a refusal in words."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot import pictures, views
from qwenedit_bot.errors import FileTooBigError, FileUnavailableError
from qwenedit_bot.pictures import PictureRefusedError, Refusal
from qwenedit_bot.texts import Text
from qwenedit_bot.views import View
from qwenedit_jobs import (
    Edit,
    Job,
    QueueFullError,
    ReplyTo,
    StorageFullError,
    TooManyUnfinishedError,
    input_ref,
    job_id,
)
from qwenedit_telemetry import attributes, job_context, tracing

if TYPE_CHECKING:
    from qwenedit_bot.messenger import Messenger, Source
    from qwenedit_bot.metrics import BotMetrics
    from qwenedit_bot.replies import Replies
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import JobQueue, PictureStore
    from qwenedit_jobs.queue import Limits

MAX_INSTRUCTION = 1000
"""Code points: nearly what a caption may have (1,024), so that both ways of asking allow the same."""
MEGABYTE = 1024 * 1024

_REFUSED_TYPES = {
    "image/heic": Refusal.HEIC,
    "image/heif": Refusal.HEIC,
    "image/gif": Refusal.ANIMATED,
    "image/svg+xml": Refusal.UNKNOWN,
    "image/tiff": Refusal.UNKNOWN,
    "image/vnd.adobe.photoshop": Refusal.UNKNOWN,
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A user's picture that Telegram keeps."""

    file_id: str
    size: int | None
    """Bytes, where Telegram says so."""
    mime: str | None
    """Type of a picture sent as a file; None for a photo."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for."""

    source: Source
    user_id: int
    attachment: Attachment
    instruction: str


class Outcome(StrEnum):
    """What became of a request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """This picture will never be taken."""
    NOT_NOW = "not_now"
    """The same picture may be asked for again: later, or in other words."""


class Submit:
    """Takes requests. Repeating one finds its message and its job as the first time left them.

    Args:
        queue: Where accepted jobs go.
        limits: How many are accepted.
        store: Where their pictures go.
        messenger: Fetches the user's file.
        replies: Says what became of it.
        metrics: Counts it.
        line: The queue's name, for traces.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        limits: Limits,
        store: PictureStore,
        messenger: Messenger,
        replies: Replies,
        metrics: BotMetrics,
        line: str = "qwenedit:job_queue",
    ) -> None:
        self._queue = queue
        self._limits = limits
        self._store = store
        self._messenger = messenger
        self._replies = replies
        self._metrics = metrics
        self._line = line
        # A large picture takes some hundred MB while it is converted.
        self._converting = asyncio.Semaphore(1)

    async def known(self, source: Source) -> bool:
        """Whether this message was accepted as a job before."""
        return await self._queue.status(job_id(source.chat_id, source.message_id)) is not None

    async def __call__(self, request: Request, words: Words) -> Outcome:
        """Accept or refuse a request, and say so in the chat."""
        if await self.known(request.source):
            return Outcome.ACCEPTED
        with job_context(job_id(request.source.chat_id, request.source.message_id)):
            refusal = refused_unseen(words, request.attachment)
            if refusal is not None:
                return await self._refuse(request.source, Outcome.REFUSED, "unseen", refusal)
            length = len(request.instruction)
            if length > MAX_INSTRUCTION:
                view = View(words(Text.INSTRUCTION_TOO_LONG, length=length, limit=MAX_INSTRUCTION))
                return await self._refuse(request.source, Outcome.NOT_NOW, "instruction_too_long", view)
            return await self._accept(request, words)

    async def _accept(self, request: Request, words: Words) -> Outcome:
        source = request.source
        new_id = job_id(source.chat_id, source.message_id)
        placeholder = await self._replies.say(source, views.received(words, new_id))
        picture = input_ref(new_id, 0)
        try:
            with tracing.span("download photo", kind=tracing.Kind.CLIENT) as span:
                data = await self._messenger.download(request.attachment.file_id, limit=pictures.MAX_BYTES)
                span.set({attributes.BYTES: len(data)})
            with tracing.span("convert photo"):
                async with self._converting:
                    normalised = await asyncio.to_thread(pictures.normalise, data)
            with tracing.span("store photo"):
                await self._store.put(picture, normalised.data)
            job = Job(
                id=new_id,
                user_id=request.user_id,
                edit=Edit(prompt=request.instruction, pictures=(picture,), seed=_seed(new_id)),
                reply=ReplyTo(
                    chat_id=source.chat_id,
                    placeholder_id=placeholder,
                    source_message_id=source.message_id,
                    language=words.language,
                ),
            )
            with tracing.sending(self._line, new_id) as span:
                await self._queue.enqueue(job, self._limits, trace_context=span.traceparent)
        except FileTooBigError:
            return await self._refuse(source, Outcome.REFUSED, "too_big", _too_big(words, request.attachment.size))
        except FileUnavailableError:
            view = View(words(Text.FILE_UNAVAILABLE))
            return await self._refuse(source, Outcome.REFUSED, "file_unavailable", view)
        except PictureRefusedError as error:
            return await self._refuse(source, Outcome.REFUSED, error.why, _refused(words, error))
        except (QueueFullError, StorageFullError) as error:
            await self._store.delete(picture)
            text = Text.QUEUE_FULL if isinstance(error, QueueFullError) else Text.STORAGE_FULL
            return await self._refuse(source, Outcome.NOT_NOW, text.name.lower(), View(words(text)))
        except TooManyUnfinishedError as error:
            await self._store.delete(picture)
            view = View(words(Text.TOO_MANY_UNFINISHED, count=error.unfinished))
            return await self._refuse(source, Outcome.NOT_NOW, "too_many_unfinished", view)
        self._metrics.enqueued.inc()
        log.info(
            "job.accepted", bytes=len(data), kept=len(normalised.data), width=normalised.width, height=normalised.height
        )
        return Outcome.ACCEPTED

    async def _refuse(self, source: Source, outcome: Outcome, reason: str, view: View) -> Outcome:
        await self._replies.say(source, view)
        self._metrics.refused.labels(reason).inc()
        log.info("job.refused", reason=reason)
        return outcome


def refused_unseen(words: Words, attachment: Attachment) -> View | None:
    """Return the refusal of a picture whose type or size alone says that it cannot be taken."""
    if attachment.mime in _REFUSED_TYPES:
        return _refused(words, PictureRefusedError(_REFUSED_TYPES[attachment.mime]))
    if attachment.size is not None and attachment.size > pictures.MAX_BYTES:
        return _too_big(words, attachment.size)
    return None


def _refused(words: Words, error: PictureRefusedError) -> View:
    return View(
        words(
            Text.PICTURE_REFUSED,
            why=error.why,
            width=str(error.width),
            height=str(error.height),
            limit=str(pictures.MIN_SIDE),
        )
    )


def _too_big(words: Words, size: int | None) -> View:
    limit = pictures.MAX_BYTES // MEGABYTE
    megabytes = math.ceil(size / MEGABYTE) if size is not None else limit + 1
    return View(words(Text.FILE_TOO_BIG, megabytes=megabytes, limit=limit))


def _seed(new_id: str) -> int:
    """Derive the seed from the job, so that a request handled twice is the same job twice."""
    return int(new_id[:13], 16)
