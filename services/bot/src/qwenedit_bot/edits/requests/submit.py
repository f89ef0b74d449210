"""From a user's photo and instruction to a job in the queue, or to a refusal in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import structlog

from qwenedit_bot.chat.errors import FileTooBigError, FileUnavailableError, RestingError, StorageSlowError
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.view import View
from qwenedit_bot.common.waiting import beside
from qwenedit_bot.edits import views
from qwenedit_bot.moderation.port import Unmoderated, Verdict
from qwenedit_bot.pictures.intake import Attachment, StoredPicture
from qwenedit_bot.texts import Text
from qwenedit_decoder.decoding import MAX_BYTES, MIN_SIDE, PictureRefusedError, Refusal
from qwenedit_jobs import (
    Edit,
    Job,
    PictureExpiredError,
    QueueFullError,
    ReplyTo,
    StorageFullError,
    StorageShareError,
    TooManyUnfinishedError,
    input_ref,
)
from qwenedit_telemetry import job_context, tracing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.common.recent import Recent
    from qwenedit_bot.edits.requests.job_ids import JobIds
    from qwenedit_bot.metrics import BotMetrics
    from qwenedit_bot.moderation.port import Moderation
    from qwenedit_bot.pictures.intake import Intake
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import JobQueue, PictureStore
    from qwenedit_jobs.queue.queue import Limits

__all__ = ["Attachment", "Gate", "Outcome", "Refused", "Request", "StoredPicture", "Submit", "refused_unseen"]

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

_NO_ROOM: Mapping[type[Exception], tuple[str, Text]] = {
    QueueFullError: ("queue_full", Text.QUEUE_FULL),
    StorageFullError: ("storage_full", Text.STORAGE_FULL),
    StorageShareError: ("storage_share", Text.STORAGE_SHARE),
    StorageSlowError: ("storage_slow", Text.STORAGE_SLOW),
    RestingError: ("resting", Text.RESTING),
}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asks for."""

    ids: JobIds = field(repr=False)
    source: Source
    """What the answer replies to."""
    user_id: int
    attachments: tuple[Attachment | StoredPicture, ...]
    """At most `qwenedit_jobs.MAX_PICTURES`, in the order in which the instruction counts them."""
    instruction: str
    workflow: str | None = None
    """None is the worker's default."""
    parameters: Mapping[str, int | float | str] = field(default_factory=dict)
    """For inputs that the workflow's binding names."""
    seed: int | None = None
    """None derives one from the job's id."""
    discriminator: str = ""
    """Tells requests apart that come from the same message, such as presses of one button."""
    preset: str | None = None
    """Name of the preset that the instruction comes from."""

    @property
    def to(self) -> Source:
        """Where the answer goes, apart from the answers to the message's other requests."""
        return Source(self.source.chat_id, self.source.message_id, self.discriminator)

    @property
    def job_id(self) -> str:
        """The job's id: the same however often the request is made."""
        return self.ids(self.source.chat_id, self.source.message_id, self.discriminator)


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request does not become a job."""

    reason: str
    """For the metrics."""
    view: View | None
    """What the user is told; None where he was told a moment ago."""


class Gate(Protocol):
    """Something that may refuse a request before it becomes a job."""

    async def check(self, request: Request, words: Words) -> Refused | None:
        """Return the refusal, or None. It may be asked again about the same job."""

    async def withdraw(self, request: Request) -> None:
        """Take back what an agreement has cost: the request was refused after all. May be repeated."""


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
        intake: Fetches and converts them.
        replies: Says what became of it.
        metrics: Counts it.
        answered: Which jobs were answered lately, by their id.
        line: The queue's name, for traces.
        gates: Asked in turn, after what is refused for its form.
        moderation: Asked last, with the pictures.
    """

    def __init__(  # noqa: PLR0913 - a composition, with every part named
        self,
        *,
        queue: JobQueue,
        limits: Limits,
        store: PictureStore,
        intake: Intake,
        replies: Replies,
        metrics: BotMetrics,
        answered: Recent[str, float],
        line: str = "qwenedit:job_queue",
        gates: Sequence[Gate] = (),
        moderation: Moderation | None = None,
    ) -> None:
        self._queue = queue
        self._limits = limits
        self._store = store
        self._intake = intake
        self._replies = replies
        self._metrics = metrics
        self._answered = answered
        self._line = line
        self._gates = gates
        self._moderation = moderation or Unmoderated()

    async def known(self, new_id: str) -> bool:
        """Whether a request was accepted as this job before, even if Redis has forgotten it since its answer."""
        return self._answered.get(new_id) is not None or await self._queue.exists(new_id)

    async def __call__(self, request: Request, words: Words) -> Outcome:
        """Accept or refuse a request, and say so in the chat.

        Raises:
            LaterError: The chat's turn is not free. Nothing was downloaded.
        """
        if await self.known(request.job_id):
            return Outcome.ACCEPTED
        with job_context(request.job_id):
            refusal = refused_unseen(words, request.attachments)
            if refusal is not None:
                return await self._refuse(request.to, Outcome.REFUSED, "unseen", refusal)
            length = len(request.instruction)
            if length > MAX_INSTRUCTION:
                view = View(words(Text.INSTRUCTION_TOO_LONG, length=length, limit=MAX_INSTRUCTION))
                return await self._refuse(request.to, Outcome.NOT_NOW, "instruction_too_long", view)
            for gate in self._gates:
                refused = await gate.check(request, words)
                if refused is not None:
                    await self._withdraw(request)
                    return await self._refuse(request.to, Outcome.NOT_NOW, refused.reason, refused.view)
            return await self._accept(request, words)

    async def abandon(self, request: Request) -> None:
        """Give back what a request has cost that was not accepted and will not be; may be repeated."""
        if not await self.known(request.job_id):
            await self._withdraw(request)

    async def _accept(self, request: Request, words: Words) -> Outcome:
        await self._replies.ready(request.to)  # before the picture takes time and memory
        stored: list[str] = []
        async with beside(self._replies.say(request.to, views.received(words, request.job_id))) as placeholder:
            try:
                await self._fetch(request, stored)
                job = _job(request, tuple(stored), await placeholder, words)
                with tracing.sending(self._line, job.id) as span:
                    await self._queue.enqueue(job, self._limits, trace_context=span.traceparent, pictures_in_redis=True)
            except (
                FileTooBigError, FileUnavailableError, PictureRefusedError, PictureExpiredError,
                QueueFullError, StorageFullError, StorageShareError, StorageSlowError, RestingError,
                TooManyUnfinishedError, _NotAllowedError,
            ) as error:  # fmt: skip
                await self._store.delete(*stored)
                await self._withdraw(request)
                outcome, reason, view = _refusal(words, request.attachments, len(stored), error)
                await placeholder  # which becomes the reason
                return await self._refuse(request.to, outcome, reason, view)
        self._metrics.enqueued.inc()
        log.info("job.accepted", pictures=len(stored))
        return Outcome.ACCEPTED

    async def _fetch(self, request: Request, stored: list[str]) -> None:
        """Store the pictures and have them judged.

        Args:
            request: Has them.
            stored: Gets the reference of each before it is fetched.

        Raises:
            LaterError: there is no room for them now.
        """
        seen: list[bytes] = []
        with self._intake.room(request.user_id, request.attachments, await self._intake.sizes(request.attachments)):
            for number, attachment in enumerate(request.attachments):
                stored.append(input_ref(request.job_id, number))
                seen.append(await self._intake.keep(attachment, stored[-1], owner=request.user_id))
            await self._judge(request, seen)

    async def _withdraw(self, request: Request) -> None:
        for gate in self._gates:
            await gate.withdraw(request)

    async def _judge(self, request: Request, pictures: Sequence[bytes]) -> None:
        verdict = await self._moderation.of_request(request.job_id, request.instruction, pictures)
        if verdict is not Verdict.ALLOWED:
            raise _NotAllowedError(verdict)

    async def _refuse(self, source: Source, outcome: Outcome, reason: str, view: View | None) -> Outcome:
        if view is not None:
            await self._replies.say(source, view)
        self._metrics.refused.labels(reason).inc()
        log.info("job.refused", reason=reason)
        return outcome


class _NotAllowedError(Exception):
    """Moderation does not let the wish pass."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict)
        self.verdict = verdict


def refused_unseen(words: Words, attachments: Sequence[Attachment | StoredPicture]) -> View | None:
    """Return the refusal of pictures of which one cannot be taken, as its type or size alone says."""
    for number, attachment in enumerate(attachments, 1):
        if isinstance(attachment, StoredPicture):
            continue
        if attachment.mime in _REFUSED_TYPES:
            view = _refused(words, PictureRefusedError(_REFUSED_TYPES[attachment.mime]))
        elif attachment.size is not None and attachment.size > MAX_BYTES:
            view = _too_big(words, attachment.size)
        else:
            continue
        return _about_one(words, view, number=number, count=len(attachments))
    return None


def _job(request: Request, stored: tuple[str, ...], placeholder: int, words: Words) -> Job:
    return Job(
        id=request.job_id,
        user_id=request.user_id,
        edit=Edit(
            prompt=request.instruction,
            pictures=stored,
            seed=_seed(request.job_id) if request.seed is None else request.seed,
            workflow=request.workflow,
            parameters=dict(request.parameters),
        ),
        reply=ReplyTo(
            chat_id=request.to.chat_id,
            placeholder_id=placeholder,
            source_message_id=request.to.message_id,
            language=words.language,
            discriminator=request.to.discriminator,
        ),
    )


def _refusal(
    words: Words, attachments: Sequence[Attachment | StoredPicture], reached: int, error: Exception
) -> tuple[Outcome, str, View]:
    """Word why a request is refused, and name the reason for metrics.

    Args:
        words: The user's language.
        attachments: What the user sent.
        reached: Number of the picture at which the error occurred, from 1.
        error: One of those that `Submit` catches.
    """
    match error:
        case QueueFullError() | StorageFullError() | StorageShareError() | StorageSlowError() | RestingError():
            reason, text = _NO_ROOM[type(error)]
            return Outcome.NOT_NOW, reason, View(words(text))
        case TooManyUnfinishedError(unfinished=unfinished):
            return Outcome.NOT_NOW, "too_many_unfinished", View(words(Text.TOO_MANY_UNFINISHED, count=unfinished))
        case _NotAllowedError(verdict=verdict):
            return _not_allowed(words, verdict)
        case PictureExpiredError():
            return Outcome.REFUSED, "picture_expired", View(words(Text.PRESS_EXPIRED))
        case PictureRefusedError():
            reason, view = str(error.why), _refused(words, error)
        case FileTooBigError():
            attachment = attachments[reached - 1]
            size = attachment.size if isinstance(attachment, Attachment) else None
            reason, view = "too_big", _too_big(words, size)
        case _:
            reason, view = "file_unavailable", View(words(Text.FILE_UNAVAILABLE))
    return Outcome.REFUSED, reason, _about_one(words, view, number=reached, count=len(attachments))


def _not_allowed(words: Words, verdict: Verdict) -> tuple[Outcome, str, View]:
    if verdict is Verdict.REFUSED:
        return Outcome.REFUSED, "moderation", View(words(Text.MODERATION_REFUSED))
    return Outcome.NOT_NOW, "moderation_unavailable", View(words(Text.MODERATION_UNAVAILABLE))


def _about_one(words: Words, view: View, *, number: int, count: int) -> View:
    """Say which of several pictures is meant."""
    return View(words(Text.ABOUT_PHOTO, number=number, said=view.text)) if count > 1 else view


def _refused(words: Words, error: PictureRefusedError) -> View:
    return View(
        words(
            Text.PICTURE_REFUSED,
            why=error.why,
            width=str(error.width),
            height=str(error.height),
            limit=str(MIN_SIDE),
        )
    )


def _too_big(words: Words, size: int | None) -> View:
    limit = MAX_BYTES // MEGABYTE
    megabytes = max(limit + 1, round(size / MEGABYTE)) if size is not None else limit + 1
    return View(words(Text.FILE_TOO_BIG, megabytes=megabytes, limit=limit))


def _seed(new_id: str) -> int:
    """Derive the seed from the job, so that a request handled twice is the same job twice."""
    return int(new_id[:13], 16)
