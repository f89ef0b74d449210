"""Shows the user how a job ended, once: the picture, or the reason in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.errors import ChatUnreachableError, KindForbiddenError, LaterError, TelegramRefusedError
from qwenedit_bot.chat.messenger import Picture, Source
from qwenedit_bot.chat.rate_limit.limits import is_group, on_behalf_of
from qwenedit_bot.chat.view import View
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.larger import is_larger, target_of
from qwenedit_bot.inbox.scheduler import PoisonError
from qwenedit_bot.moderation.port import Verdict
from qwenedit_bot.texts import Text
from qwenedit_decoder.decoding import PictureRefusedError
from qwenedit_jobs import PictureExpiredError, Reason, ReplyTo, State, UnreadableJobError, event_of, short_id
from qwenedit_telemetry import attributes, job_context, tracing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.edits.progress.eta import Eta
    from qwenedit_bot.moderation.port import Moderation
    from qwenedit_bot.payments.quotas import Quotas
    from qwenedit_bot.pictures.results import ResultPicture, Results
    from qwenedit_bot.texts import Texts, Words
    from qwenedit_jobs import Event, JobQueue, PictureStore, Status
    from qwenedit_jobs.lanes import Entry

UNREACHABLE, FORBIDDEN = "unreachable", "forbidden"
REFUSED = frozenset((UNREACHABLE, FORBIDDEN))
"""Outcomes of answers that the chat refuses. They wait until the job is forgotten, a day later."""
IN_WORDS = frozenset(("failed", "cancelled", "withheld"))
"""Outcomes that a late progress edit may overwrite; Telegram refuses to edit a picture's text."""
FIRST_PAUSE, REFUSED_PAUSE = 30.0, 3_600.0
"""Seconds until a refused answer is tried again for the first time, and later, if nothing comes from its chat. Telegram
doesn't tell a bot that an admin lets all members write again, and somebody may come back while they're refused."""
LATE_EDITS = 15.0
"""Seconds after which no edit of a job's progress can arrive any more: see `FRESH` and the messenger's time-out."""

log = structlog.get_logger(__name__)


class Deliver:
    """Answers jobs. The answer is an edit of the job's own message, so giving it again changes nothing visible.

    Args:
        queue: Knows the job and whether it was answered.
        store: Forgets pictures that nobody may see.
        results: Have the picture.
        messenger: Shows it.
        replies: Knows the job's message, should it have been replaced.
        texts: The words of all languages.
        metrics: Counts the answers.
        eta: Learns how long jobs take.
        quotas: Get back what a failed job has cost.
        moderation: Sees each picture first.
    """

    def __init__(  # noqa: PLR0913 - a composition, with every part named
        self,
        *,
        queue: JobQueue,
        store: PictureStore,
        results: Results,
        messenger: Messenger,
        replies: Replies,
        texts: Texts,
        metrics: BotMetrics,
        eta: Eta,
        quotas: Quotas,
        moderation: Moderation,
        larger_megapixels: float = 0,
    ) -> None:
        self._queue = queue
        self._store = store
        self._results = results
        self._messenger = messenger
        self._replies = replies
        self._texts = texts
        self._metrics = metrics
        self._eta = eta
        self._quotas = quotas
        self._moderation = moderation
        self._larger_megapixels = larger_megapixels

    async def __call__(self, event: Event) -> None:
        """Answer the job that an event says is finished, unless it is answered.

        Raises:
            LaterError: Telegram's pace, memory, or the chat itself is not to be had now, or the words are to be said
                once more; as with the next, nothing is lost.
            TelegramUnavailableError: Telegram does not answer.
            PoisonError: the job is another version's; it is set aside until a version that knows it is asked again.
        """
        with job_context(event.job_id):
            status = await self._queue.status(event.job_id)
            if status is None:
                if await self._queue.exists(event.job_id):
                    raise PoisonError("the job cannot be read by this version")
                log.warning("answer.job_forgotten", state=event.state)
                return
            with on_behalf_of(status.job.user_id):
                await self._give(event, status)

    async def _give(self, event: Event, status: Status) -> None:
        if not status.state.final:
            # Put back in line by the operator.
            await self._announce(event, status)
            return
        if status.answered and status.answer not in REFUSED:
            if status.answer in IN_WORDS:
                await self._say_again(status)
            return
        with tracing.continued(
            "deliver answer", status.trace_context, attributes=attributes.of_job(event.job_id)
        ) as span:
            outcome = await self._deliver(event, status)
            span.set({attributes.OUTCOME: outcome})
        if outcome in REFUSED:
            raise LaterError(REFUSED_PAUSE if status.answered else FIRST_PAUSE, "chat", apart=True)
        if outcome in IN_WORDS:
            raise LaterError(LATE_EDITS, "late_edit", apart=True)

    async def _announce(self, event: Event, status: Status) -> None:
        """Tell that a job which had failed is tried again, in a message of its own: edits of old ones go unseen."""
        reply = status.job.reply
        if event.state is not State.QUEUED or reply is None:
            return
        said = Source(reply.chat_id, reply.source_message_id, f"{reply.discriminator}again {event.entry}")
        try:
            view = job_views.requeued(self._texts.of(reply.language), status.job.id)
            message_id = await self._replies.say(said, view)
        except ChatUnreachableError as error:
            log.info("answer.unreachable", error=str(error))
            return
        await self._queue.readdress(status.job.id, message_id)
        await self._replies.remember(Source(reply.chat_id, reply.source_message_id, reply.discriminator), message_id)
        log.info("answer.retried")

    async def _deliver(self, event: Event, status: Status) -> str:
        finished_at = status.finished_at or status.enqueued_at
        worked = finished_at - status.enqueued_at
        outcome = "nobody" if status.job.reply is None else await self._answer(status, status.job.reply, worked)
        if (
            status.answered and outcome == status.answer
        ):  # refused once more; saying so again would keep the job for longer
            return outcome
        if outcome not in REFUSED:
            await self._quotas.settle(status.job.user_id, status.job.id)
        # Only now: after a crash before this line the same answer is given again.
        answered_at = await self._queue.answered(event.job_id, ending=status.ending, how=outcome)
        if answered_at is not None:
            seconds = max(0.0, answered_at - status.enqueued_at)
            self._metrics.deliveries.labels(outcome).inc()
            reason = status.reason if status.state is State.FAILED else None  # else of an attempt that was made up for
            self._metrics.finished.labels(status.state, reason or "").inc()
            self._metrics.answer_seconds.observe(seconds, tracing.exemplar())
            if status.state is State.DONE and status.started_at is not None:
                await self._eta.note_duration(status.job.edit.workflow, finished_at - status.started_at)
            told = {"reason": reason} if reason else {}
            log.info("answer.delivered", outcome=outcome, seconds=round(seconds, 1), **told)
        return outcome

    async def _say_again(self, status: Status) -> None:
        """Put a job's last words back where a late progress edit may have overwritten them.

        Over a picture it could not, and no more can this: Telegram refuses to edit the text of a photo or a file. So
        words that a picture should have had instead are right wherever they can be written.
        """
        reply = status.job.reply
        if reply is None:
            return
        verdict = await self._moderation.withheld(status.job.id)
        if verdict is not None and status.result is not None:
            view = self._withheld_words(status, verdict, reply)
        elif status.state is State.DONE:
            held = status.result is not None and await self._store.holds(status.result.picture)
            reason = Reason.EXECUTION_FAILED if held else Reason.PICTURE_EXPIRED
            view = self._last_words(status, State.FAILED, reason, reply)
        else:
            view = self._last_words(status, status.state, status.reason, reply)
        to = Source(reply.chat_id, reply.source_message_id, reply.discriminator)
        try:
            await self._messenger.edit(reply.chat_id, await self._replies.find(to) or reply.placeholder_id, view)
        except (ChatUnreachableError, TelegramRefusedError) as error:
            log.info("answer.edit_failed", error=str(error))

    async def _answer(self, status: Status, reply: ReplyTo, seconds: float) -> str:
        to = Source(reply.chat_id, reply.source_message_id, reply.discriminator)
        try:
            message_id = await self._replies.find(to) or reply.placeholder_id
            verdict = await self._moderation.withheld(status.job.id)
            if verdict is not None and status.result is not None:  # found before a crash
                return await self._withhold(status, verdict, status.result.picture, reply, to, message_id)
            if status.state is State.DONE:
                return await self._answer_with_picture(status, reply, to, message_id, seconds)
            return await self._answer_in_words(status, status.state, status.reason, reply, to, message_id)
        except (ChatUnreachableError, TelegramRefusedError) as error:
            # Telegram refused each way of saying it: all that is left is to say it when the chat comes back.
            log.warning("answer.unreachable", error=str(error))
            return UNREACHABLE

    async def _answer_with_picture(
        self, status: Status, reply: ReplyTo, to: Source, message_id: int, seconds: float
    ) -> str:
        if status.result is None:
            return await self._answer_in_words(status, State.FAILED, Reason.UNKNOWN, reply, to, message_id)
        await self._messenger.ready(reply.chat_id, edit=True)  # before the picture takes memory
        try:
            async with self._results.read(status.result.picture, owner=status.job.user_id) as result:
                return await self._answer_with_result(
                    status, result, status.result.picture, reply, to, message_id, seconds
                )
        except PictureExpiredError:
            return await self._answer_in_words(status, State.FAILED, Reason.PICTURE_EXPIRED, reply, to, message_id)
        except PictureRefusedError:
            log.error("answer.result_unreadable")  # noqa: TRY400 - there is no more to say
            return await self._answer_in_words(status, State.FAILED, Reason.EXECUTION_FAILED, reply, to, message_id)

    async def _answer_with_result(
        self,
        status: Status,
        result: ResultPicture,
        ref: str,
        reply: ReplyTo,
        to: Source,
        message_id: int,
        seconds: float,
    ) -> str:
        judged = result.photo or result.original
        verdict = await self._moderation.of_result(status.job.id, status.job.edit.prompt, judged)
        if verdict is not Verdict.ALLOWED:
            return await self._withhold(status, verdict, ref, reply, to, message_id)
        words = self._texts.of(reply.language)
        quota = None if is_group(reply.chat_id) else await self._quotas.of(status.job.user_id)
        caption = job_views.done(words, status.job.id, seconds=seconds, quota=quota)
        refusals = list[TelegramRefusedError]()
        forms = [(result.photo, False), (result.original, True)]
        if is_larger(status.job):  # Telegram makes photos smaller
            forms.reverse()
        larger = target_of(status, self._larger_megapixels)
        for data, as_file in forms:
            buttons = job_views.result_buttons(words, status, as_file=as_file, larger=larger)
            if data is None:
                continue
            picture = Picture(data, caption, as_file, buttons, name=short_id(status.job.id))
            try:
                await self._show(picture, to, message_id)
            except TelegramRefusedError as error:
                log.warning("answer.rejected", error=str(error), as_file=as_file, bytes=len(data))
                refusals.append(error)
            else:
                return "file" if as_file else "picture"
        if all(isinstance(refusal, KindForbiddenError) for refusal in refusals):
            # An admin of the group may allow it: then the picture comes into the place of these words.
            await self._say_last(job_views.withheld(words, status.job.id, Text.PICTURES_FORBIDDEN), to, message_id)
            return FORBIDDEN
        return await self._answer_in_words(status, State.FAILED, Reason.EXECUTION_FAILED, reply, to, message_id)

    async def _withhold(
        self, status: Status, verdict: Verdict, picture: str, reply: ReplyTo, to: Source, message_id: int
    ) -> str:
        """Say that the picture is not shown; it is deleted, for no button may bring it back."""
        await self._store.delete(picture)
        await self._quotas.give_back(status.job.user_id, status.job.id)
        await self._say_last(self._withheld_words(status, verdict, reply), to, message_id)
        return "withheld"

    def _withheld_words(self, status: Status, verdict: Verdict, reply: ReplyTo) -> View:
        text = Text.RESULT_REFUSED if verdict is Verdict.REFUSED else Text.RESULT_UNCHECKED
        words = self._texts.of(reply.language)
        return self._not_counted(job_views.withheld(words, status.job.id, text), status, words)

    async def _show(self, picture: Picture, to: Source, message_id: int) -> None:
        if await self._messenger.show(to.chat_id, message_id, picture):
            return
        # The user deleted the job's message. Another one is sent first and then becomes the picture: where Telegram's
        # reply is lost, words come twice and not the picture.
        another = await self._replies.say(to, View(picture.caption))
        if not await self._messenger.show(to.chat_id, another, picture):
            log.info("answer.deleted")

    async def _answer_in_words(
        self, status: Status, state: State, reason: Reason | None, reply: ReplyTo, to: Source, message_id: int
    ) -> str:
        if state is State.FAILED or status.attempt == 0:
            await self._quotas.give_back(status.job.user_id, status.job.id)
        view = self._last_words(status, state, reason, reply)
        if state is State.CANCELLED:
            await self._messenger.edit(to.chat_id, message_id, view)
            return "cancelled"
        await self._say_last(view, to, message_id)
        return "failed"

    async def _say_last(self, view: View, to: Source, message_id: int) -> None:
        try:
            if await self._messenger.edit(to.chat_id, message_id, view):
                return
        except TelegramRefusedError as error:
            log.warning("answer.edit_refused", error=str(error))
        await self._replies.remember(to, await self._messenger.send(to, view))

    def _last_words(self, status: Status, state: State, reason: Reason | None, reply: ReplyTo) -> View:
        words = self._texts.of(reply.language)
        view = job_views.outcome(words, status.job.id, state, reason, larger=is_larger(status.job))
        return self._not_counted(view, status, words) if state is State.FAILED else view

    def _not_counted(self, view: View, status: Status, words: Words) -> View:
        shared = status.job.reply is not None and is_group(status.job.reply.chat_id)
        if shared or not self._quotas.limited(status.job.user_id):
            return view
        return replace(view, text=f"{view.text}\n{words(Text.NOT_COUNTED)}")


class AnswerWork:
    """What the scheduler does about an entry of the answers. An answer is never given up.

    Args:
        deliver: Gives it.
    """

    patience: int | None = None

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver

    async def __call__(self, entry: Entry) -> None:
        """Answer a job; raises what `Deliver` raises, and PoisonError for what this version cannot read."""
        try:
            event = event_of(entry)
        except (ValueError, KeyError, TypeError) as error:
            raise PoisonError from error
        try:
            await self._deliver(event)
        except UnreadableJobError as error:
            raise PoisonError from error

    def about(self, entry: Entry) -> Mapping[str, str]:
        """Name the job and how it ended."""
        try:
            event = event_of(entry)
        except (ValueError, KeyError, TypeError):
            return {}
        return {"job": event.job_id, "state": event.state}

    async def apologise(self, entry: Entry) -> None:
        """Leave the job's message as it is: the answer is given when the cause has been mended."""
