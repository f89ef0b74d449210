"""Turns a user's photo and instruction into a job in the queue, or a refusal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.errors import ChatUnreachableError, FileTooBigError, FileUnavailableError
from qwenedit_bot.chat.rate_limit import is_group
from qwenedit_bot.chat.view import View
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.requests.refusals import NotAllowedError, refusal_of, refused_unseen
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION, Request, RequestOutcome, Reworded
from qwenedit_bot.moderation.hook import ModerationVerdict
from qwenedit_bot.pictures.sources import Sources, photos_of
from qwenedit_bot.texts import Text
from qwenedit_decoder.limits import PictureRefusedError
from qwenedit_jobs import MAX_PICTURES, Edit, Job, ReplyTo, State, errors, input_ref
from qwenedit_telemetry import job_context, tracing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.chat.view import Source
    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.edits.addresses import JobIds
    from qwenedit_bot.moderation.hook import ModerationHook
    from qwenedit_bot.payments.quotas import Quotas
    from qwenedit_bot.pictures.intake import PictureIntake
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import Intake, PictureStore, Status
    from qwenedit_jobs.queue.intake import QueueLimits


log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False)
class Submit:
    """Accepts requests. Idempotent: repeating one reuses its message and its job."""

    queue: Intake
    ids: JobIds
    limits: QueueLimits
    store: PictureStore
    intake: PictureIntake
    replies: Replies
    metrics: BotMetrics
    presets: Catalogue
    quotas: Quotas
    for_sale: bool = False
    """Whether users can buy jobs."""
    moderation: ModerationHook | None = None

    async def is_full(self) -> bool:
        """Return whether the queue is full."""
        return await self.queue.count_waiting() >= self.limits.max_queue_length

    async def __call__(self, request: Request, words: Words) -> RequestOutcome:
        """Accept or refuse a request and tell the chat, or silently let it wait.

        Raises:
            LaterError: The chat has no turn now. Nothing was downloaded.
            ChatUnreachableError: The bot can't write to the chat. Nothing was charged.
        """
        with job_context(request.job_id):
            most = self.limits.max_unfinished_per_user
            standing = await self.queue.standing(request.job_id, request.user_id, most=most)
            if standing.known:
                return RequestOutcome.ACCEPTED
            if standing.waiting >= self.limits.max_queue_length:
                await self.abandon(request)  # it was charged if it couldn't continue when it was made before
                return await self._refuse_once(request, "queue_full", View(words(Text.QUEUE_FULL)))
            if standing.unfinished >= most:
                return RequestOutcome.WAITS
            return await self.refusal(request, words) or await self._accept(request, words)

    async def refusal(self, request: Request, words: Words) -> RequestOutcome | None:
        """Charge a request, or refuse it for its form or its user's quota; returns None if it was charged."""
        with job_context(request.job_id):
            refusal = refused_unseen(words, request.attachments)
            if refusal is not None:
                return await self.refuse(request.to, RequestOutcome.UNREADABLE, "unseen", refusal)
            length = len(request.instruction)
            if length > MAX_INSTRUCTION:
                view = View(words(Text.INSTRUCTION_TOO_LONG, length=length, limit=MAX_INSTRUCTION))
                return await self.refuse(request.to, RequestOutcome.NOT_NOW, "instruction_too_long", view)
            quota = await self.quotas.charge(request.user_id, request.job_id)
            if quota is None:
                return None
            notice = job_views.quota_used_up(words, quota, shared=is_group(request.to.chat_id), for_sale=self.for_sale)
            return await self._refuse_once(request, "daily_limit", View(notice))

    async def abandon(self, request: Request) -> bool:
        """Refund a request that won't be repeated; False if it was accepted."""
        if await self.queue.exists(request.job_id):
            return False
        await self.quotas.give_back(request.user_id, request.job_id)
        return True

    async def reword(self, status: Status, instruction: str) -> Reworded:
        """Replace the instruction of a job that waits for its first attempt.

        Raises:
            LaterError: There's no memory now for its pictures.
        """
        job = status.job
        if status.state is not State.QUEUED or status.attempt:
            return Reworded.TOO_LATE
        with job_context(job.id):
            if len(instruction) > MAX_INSTRUCTION:
                return Reworded.REFUSED
            try:
                await self._judge(job.id, instruction, [each.ref for each in photos_of(job)])
            except NotAllowedError:
                return Reworded.REFUSED
            except errors.PictureExpiredError:  # the job has ended meanwhile
                return Reworded.TOO_LATE
            edit = job.edit.model_copy(update={"prompt": instruction})
            done = await self.queue.reword(job.model_copy(update={"edit": edit}))
            log.info("job.reworded", in_time=done)
            return Reworded.DONE if done else Reworded.TOO_LATE

    async def _accept(self, request: Request, words: Words) -> RequestOutcome:
        # Before the picture takes time and memory: where nothing can be said in the chat now, this raises `LaterError`.
        await self.replies.ready(request.to)
        view, stored = job_views.requested(words, self.presets, request, Text.RECEIVED), list[str]()
        saying, fetching = self.replies.say(request.to, view), self._fetch(request, stored)
        placeholder, unfetched = await asyncio.gather(saying, fetching, return_exceptions=True)
        if isinstance(placeholder, BaseException):
            if isinstance(placeholder, ChatUnreachableError) and await self.abandon(request):
                await self.delete_pictures(request)
            raise placeholder
        try:
            if unfetched is not None:
                raise unfetched
            await self._judge(request.job_id, request.instruction, stored)
            job = _job(request, tuple(stored), placeholder, words)
            sources = Sources(tuple(request.attachments), tuple(request.shown))
            with tracing.sending(self.queue.name, job.id) as span:
                signed, in_redis = self.ids.signed(job.id, sources.text()), self.store.in_redis
                await self.queue.enqueue(
                    job, self.limits, trace_context=span.traceparent, pictures_in_redis=in_redis, sources=signed
                )
        except (
            FileTooBigError,
            FileUnavailableError,
            PictureRefusedError,
            errors.PictureExpiredError,
            errors.QueueFullError,
            errors.StorageFullError,
            errors.TooManyUnfinishedError,
            NotAllowedError,
        ) as error:
            # Another replica may have accepted it meanwhile, with these pictures.
            if await self.queue.exists(request.job_id):
                return RequestOutcome.ACCEPTED
            await self.delete_pictures(request)
            if isinstance(error, errors.TooManyUnfinishedError):
                return RequestOutcome.WAITS
            await self.quotas.give_back(request.user_id, request.job_id)
            outcome, reason, view = refusal_of(words, request.attachments, len(stored), error)
            return await self.refuse(request.to, outcome, reason, view)
        self.metrics.enqueued.inc()
        log.info("job.accepted", pictures=len(stored))
        return RequestOutcome.ACCEPTED

    async def _fetch(self, request: Request, stored: list[str]) -> None:
        """Store the pictures, appending each one's reference to `stored` first.

        Raises:
            LaterError: there's no memory for them now.
        """
        pictures = await self.intake.located(request.attachments)
        with self.intake.room(request.user_id, pictures):
            for number, (attachment, _size) in enumerate(pictures):
                stored.append(input_ref(request.job_id, number))
                await self.intake.keep(attachment, stored[-1])

    async def delete_pictures(self, request: Request) -> bool:
        """Delete what a request has stored that isn't a job; False if the store doesn't answer."""
        if await self.queue.exists(request.job_id):
            return True
        try:
            await self.store.erase(request.job_id, *(input_ref(request.job_id, each) for each in range(MAX_PICTURES)))
        except errors.PictureStoreUnavailableError as error:
            log.warning("pictures.not_deleted", error=str(error))
            return False
        return True

    async def _judge(self, job_id: str, instruction: str, stored: Sequence[str]) -> None:
        if self.moderation is None:
            return
        async with self.intake.stored(stored) as pictures:
            verdict = await self.moderation.of_request(job_id, instruction, pictures)
        if verdict is not ModerationVerdict.ALLOWED:
            raise NotAllowedError(verdict)

    async def _refuse_once(self, request: Request, reason: str, view: View) -> RequestOutcome:
        """Refuse a request, silently if the user was refused for the same reason a moment ago."""
        occasion, name = f"{reason}:{request.user_id}", f"{request.source.message_id}:{request.discriminator}"
        first = await self.replies.is_first(request.source.chat_id, occasion, name, seconds=10)
        speaks = first or await self.replies.find(request.to) is not None
        return await self.refuse(request.to, RequestOutcome.NOT_NOW, reason, view if speaks else None)

    async def refuse(self, source: Source, outcome: RequestOutcome, reason: str, view: View | None) -> RequestOutcome:
        """Refuse a request, and show the `view` if there is one; `reason` is for metrics."""
        if view is not None:
            await self.replies.say(source, view)
        self.metrics.refused.labels(reason).inc()
        log.info("job.refused", reason=reason)
        return outcome


def _job(request: Request, stored: tuple[str, ...], placeholder: int, words: Words) -> Job:
    return Job(
        id=request.job_id,
        user_id=request.user_id,
        edit=Edit(
            prompt=request.instruction,
            pictures=stored,
            seed=int(request.job_id[:13], 16),  # a request handled twice is the same job twice
            workflow=request.workflow,
            parameters=request.parameters,
        ),
        reply=ReplyTo(
            chat_id=request.to.chat_id,
            placeholder_id=placeholder,
            source_message_id=request.to.message_id,
            language=words.language,
            discriminator=request.to.discriminator,
            thread_id=request.to.thread_id,
        ),
    )
