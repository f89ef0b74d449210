"""From a finished job to the user's screen, once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot import views
from qwenedit_bot.errors import ChatUnreachableError, PhotoRejectedError, TelegramRefusedError
from qwenedit_bot.messenger import Picture, Source
from qwenedit_bot.pictures import PictureRefusedError, for_send_photo
from qwenedit_bot.texts import Text
from qwenedit_jobs import PictureExpiredError, Reason, ReplyTo, State
from qwenedit_telemetry import attributes, job_context, tracing

if TYPE_CHECKING:
    from qwenedit_bot.messenger import Messenger
    from qwenedit_bot.metrics import BotMetrics
    from qwenedit_bot.replies import Replies
    from qwenedit_bot.texts import Texts
    from qwenedit_jobs import Event, JobQueue, PictureStore, Status

log = structlog.get_logger(__name__)


class Deliver:
    """Answers jobs. The answer is an edit of the job's own message, so giving it again changes nothing visible.

    Args:
        queue: Knows the job and whether it was answered.
        store: Has the picture.
        messenger: Shows it.
        replies: Knows the job's message, should it have been replaced.
        texts: The words of all languages.
        metrics: Counts the answers.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        store: PictureStore,
        messenger: Messenger,
        replies: Replies,
        texts: Texts,
        metrics: BotMetrics,
    ) -> None:
        self._queue = queue
        self._store = store
        self._messenger = messenger
        self._replies = replies
        self._texts = texts
        self._metrics = metrics

    async def __call__(self, event: Event) -> None:
        """Answer the job that an event says is finished, unless it is answered."""
        with job_context(event.job_id):
            status = await self._queue.status(event.job_id)
            if status is None:
                log.warning("answer.job_forgotten", state=event.state)
                return
            if await self._queue.was_answered(event.job_id):
                return
            with tracing.continued(
                "deliver answer", status.trace_context, attributes={attributes.JOB_ID: event.job_id}
            ) as span:
                span.set({attributes.OUTCOME: await self._deliver(event, status)})

    async def _deliver(self, event: Event, status: Status) -> str:
        seconds = _finished_at(event) - status.enqueued_at
        outcome = "nobody" if status.job.reply is None else await self._answer(status, status.job.reply, seconds)
        # Only now: after a crash before this line the same answer is given again.
        if await self._queue.answered(event.job_id):
            self._metrics.deliveries.labels(outcome).inc()
            reason = status.reason if status.state is State.FAILED else None  # else of an attempt that was made up for
            self._metrics.finished.labels(status.state, reason or "").inc()
            self._metrics.answer_seconds.observe(max(0.0, seconds), tracing.exemplar())
            log.info("answer.delivered", outcome=outcome, reason=status.reason, seconds=round(seconds, 1))
        return outcome

    async def redraw(self, status: Status, reply: ReplyTo) -> None:
        """Put a failed or cancelled job's last words back where a late progress edit overwrote them."""
        words = self._texts.of(reply.language)
        await self._messenger.edit(
            reply.chat_id, reply.placeholder_id, views.outcome(words, status.state, status.reason)
        )

    async def _answer(self, status: Status, reply: ReplyTo, seconds: float) -> str:
        to = Source(reply.chat_id, reply.source_message_id)
        try:
            message_id = await self._replies.find(to) or reply.placeholder_id
            if status.state is State.DONE:
                return await self._answer_with_picture(status, reply, to, message_id, seconds)
            return await self._answer_in_words(status.state, status.reason, reply, to, message_id)
        except ChatUnreachableError as error:
            log.info("answer.unreachable", error=str(error))
            return "unreachable"

    async def _answer_with_picture(
        self, status: Status, reply: ReplyTo, to: Source, message_id: int, seconds: float
    ) -> str:
        if status.result is None:
            return await self._answer_in_words(State.FAILED, Reason.UNKNOWN, reply, to, message_id)
        try:
            with tracing.span("read picture"):
                original = await self._store.get(status.result.picture)
            with tracing.span("convert picture"):
                photo = await asyncio.to_thread(for_send_photo, original)
        except PictureExpiredError:
            return await self._answer_in_words(State.FAILED, Reason.PICTURE_EXPIRED, reply, to, message_id)
        except PictureRefusedError:
            log.error("answer.result_unreadable")  # noqa: TRY400 - there is no more to say
            return await self._answer_in_words(State.FAILED, Reason.EXECUTION_FAILED, reply, to, message_id)
        caption = self._texts.of(reply.language)(Text.DONE, seconds=max(1, round(seconds)))
        if photo is not None and await self._taken(Picture(photo, caption, as_file=False), to, message_id):
            return "picture"
        if await self._taken(Picture(original, caption, as_file=True), to, message_id):
            return "file"
        return await self._answer_in_words(State.FAILED, Reason.EXECUTION_FAILED, reply, to, message_id)

    async def _taken(self, picture: Picture, to: Source, message_id: int) -> bool:
        try:
            await self._show(picture, to, message_id)
        except (PhotoRejectedError, TelegramRefusedError) as error:
            log.warning("answer.rejected", error=str(error), as_file=picture.as_file, bytes=len(picture.data))
            return False
        return True

    async def _show(self, picture: Picture, to: Source, message_id: int) -> None:
        if not await self._messenger.show(to.chat_id, message_id, picture):
            # The user deleted the job's message.
            await self._replies.remember(to, await self._messenger.send_picture(to, picture))

    async def _answer_in_words(
        self, state: State, reason: Reason | None, reply: ReplyTo, to: Source, message_id: int
    ) -> str:
        view = views.outcome(self._texts.of(reply.language), state, reason)
        shown = await self._messenger.edit(to.chat_id, message_id, view)
        if state is State.CANCELLED:
            return "cancelled"
        if not shown:
            await self._replies.remember(to, await self._messenger.send(to, view))
        return "failed"


def _finished_at(event: Event) -> float:
    """Seconds since the epoch by Redis' clock, which numbers the entries of its streams with it."""
    return int(event.entry.partition("-")[0]) / 1000
