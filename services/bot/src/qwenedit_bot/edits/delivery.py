"""From the end of a job to its answer: the picture, or the reason there is none. Each job is answered once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import structlog

from qwenedit_bot.chat.errors import ChatUnreachableError, KindForbiddenError, LaterError, TelegramRefusedError
from qwenedit_bot.chat.rate_limit import is_group, on_behalf_of
from qwenedit_bot.chat.view import PictureView, Source, View
from qwenedit_bot.common import timeouts
from qwenedit_bot.edits import job_views
from qwenedit_bot.edits.answers import IN_WORDS, REFUSED, AnswerOutcome, refund
from qwenedit_bot.edits.job_views import is_larger
from qwenedit_bot.inbox.scheduler import PoisonError
from qwenedit_bot.moderation.hook import ModerationVerdict
from qwenedit_bot.texts import Text
from qwenedit_decoder.limits import PictureRefusedError
from qwenedit_jobs import PictureExpiredError, PictureStoreUnavailableError, Reason, State, event_of, short_id
from qwenedit_jobs.events import job_in
from qwenedit_telemetry import attributes, job_context, tracing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.edits.progress.eta import Eta
    from qwenedit_bot.edits.requests.backlog import Backlog
    from qwenedit_bot.moderation.hook import ModerationHook
    from qwenedit_bot.payments.quotas import Quotas
    from qwenedit_bot.pictures.results import ResultPicture, Results
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_bot.texts import Texts, Words
    from qwenedit_jobs import Intake, PictureStore, ReplyTo, Status
    from qwenedit_jobs.lanes import Entry

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Deliver:
    """Handles the entries of ended jobs for the scheduler. Never gives up."""

    queue: Intake
    answering: Answering
    metrics: BotMetrics
    eta: Eta
    quotas: Quotas
    backlog: Backlog
    patience: ClassVar[int | None] = None

    async def __call__(self, entry: Entry) -> None:
        """Answer an entry's ended job, unless it's answered.

        Raises:
            LaterError: the rate limit, memory or the chat doesn't allow it now, or a text answer is due once more.
            TelegramUnavailableError: Telegram doesn't answer.
            PoisonError: another version wrote the entry or the job; it's set aside until that version runs.
        """
        try:
            event = event_of(entry)
        except (ValueError, KeyError, TypeError) as error:
            raise PoisonError from error
        with job_context(event.job_id):
            status = await self.queue.status(event.job_id)
            if status is None:
                if await self.queue.exists(event.job_id):
                    raise PoisonError("the job cannot be read by this version")
                log.warning("answer.job_forgotten", state=event.state)
                return
            with on_behalf_of(status.job.user_id):
                await self._give(status)

    def about(self, entry: Entry) -> Mapping[str, str]:
        """Name the job."""
        return {"job": job_in(entry.payload) or ""}

    async def apologise(self, entry: Entry) -> None:
        """Leave the job's message unchanged: the answer follows once the cause is fixed."""

    async def _give(self, status: Status) -> None:
        reply = status.job.reply
        if not status.state.final:  # put back in line by the operator
            return
        if status.answered and status.answer not in REFUSED:
            if status.answer in IN_WORDS and reply is not None:
                await self.answering.say_again(status, reply)
            return
        with tracing.continued(
            "deliver answer", status.trace_context, attributes=attributes.of_job(status.job.id)
        ) as span:
            outcome, shown = AnswerOutcome.NOBODY, ""
            if reply is not None:
                outcome, shown = await self.answering.give(status, reply)
            span.set({attributes.OUTCOME: outcome})
            await self._note(status, outcome, shown)
        if outcome in REFUSED:
            pause = timeouts.REFUSED_PAUSE if status.answered else 5.0
            raise LaterError(pause, "chat", apart=True)
        if outcome in IN_WORDS:
            raise LaterError(timeouts.LATE_EDITS, "late_edit", apart=True)

    async def _note(self, status: Status, outcome: AnswerOutcome, shown: str) -> None:
        """Record what the user got; after a crash before this, the same answer is given again."""
        if status.answered and outcome == status.answer:  # noting it once more would keep the job for longer
            return
        if outcome not in REFUSED:
            await self.quotas.settle(status.job.user_id, status.job.id)
        answered_at = await self.queue.answered(status.job.id, ending=status.ending, how=outcome, shown=shown)
        await self.backlog.job_answered(status.job.user_id)
        if answered_at is None:
            return
        await self.answering.delete_pictures(status)
        seconds = max(0.0, answered_at - status.enqueued_at)
        reason = status.reason if status.state is State.FAILED else None  # else of an attempt that was made up for
        self.metrics.deliveries.labels(outcome).inc()
        self.metrics.finished.labels(status.state, reason or "").inc()
        self.metrics.answer_seconds.observe(seconds, tracing.exemplar())
        fields = {"reason": reason} if reason else {}
        log.info("answer.delivered", outcome=outcome, seconds=round(seconds, 1), **fields)
        if status.state is State.DONE and status.started_at is not None and status.finished_at is not None:
            await self.eta.note_duration(status.job.edit.workflow, status.finished_at - status.started_at)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer in progress."""

    status: Status
    to: Source
    message_id: int
    """The job's message."""
    words: Words

    @property
    def job_id(self) -> str:
        return self.status.job.id

    @property
    def rings(self) -> bool:
        """Whether the answer needs a notification: the user waited half a minute, or was told that the job failed.

        Editing the job's message makes no sound; a new message does.
        """
        waited = (self.status.finished_at or self.status.enqueued_at) - self.status.enqueued_at
        return self.status.state is State.DONE and (waited > 30 or self.status.ending > 0)


@dataclass(kw_only=True, eq=False)
class Answering:
    """Answers jobs by editing their own messages, so repeating an answer changes nothing visible."""

    store: PictureStore
    results: Results
    messenger: Messenger
    replies: Replies
    """Know a job's message, if it was replaced."""
    texts: Texts
    quotas: Quotas
    moderation: ModerationHook | None
    presets: Catalogue
    larger_megapixels: float = 0
    """0 offers no larger picture."""

    async def give(self, status: Status, reply: ReplyTo) -> tuple[AnswerOutcome, str]:
        """Answer a job; returns what its user got, and the digest of the picture if it's one.

        Raises:
            LaterError: the rate limit or memory doesn't allow it now.
            TelegramUnavailableError: Telegram doesn't answer.
        """
        answer = await self._answer_to(status, reply)
        try:
            if answer.rings and answer.message_id == reply.placeholder_id:
                answer = await self._go_on(answer, View(answer.words(Text.SENDING)))
            outcome, shown = await self._give(answer)
        except (ChatUnreachableError, TelegramRefusedError) as error:
            # Telegram refused each form: only the chat's return can help.
            log.warning("answer.unreachable", error=str(error))
            return AnswerOutcome.UNREACHABLE, ""
        if answer.rings and answer.message_id != reply.placeholder_id:
            await self.messenger.delete(answer.to.chat_id, reply.placeholder_id, later=True)
        return outcome, shown

    async def say_again(self, status: Status, reply: ReplyTo) -> None:
        """Restore a job's text answer, in case a late progress edit has overwritten it.

        Neither can overwrite a picture: Telegram refuses to edit the text of a photo or a file.
        """
        answer = await self._answer_to(status, reply)
        verdict = await self._withheld_for(answer)
        if verdict is not None:
            view = await self._withheld(answer, verdict)
        elif status.state is State.DONE:
            held = status.result is not None and await self.store.holds(status.result.picture)
            view = await self._outcome(answer, State.FAILED, Reason.UNKNOWN if held else Reason.PICTURE_EXPIRED)
        else:
            view = await self._outcome(answer, status.state, status.reason)
        try:
            await self._edit(answer, view)
        except (ChatUnreachableError, TelegramRefusedError) as error:
            log.info("answer.edit_failed", error=str(error))

    async def _answer_to(self, status: Status, reply: ReplyTo) -> _Answer:
        to = Source.of_job(reply)
        message_id = await self.replies.find(to) or reply.placeholder_id
        return _Answer(status, to, message_id, self.texts.of(reply.language))

    async def _give(self, answer: _Answer) -> tuple[AnswerOutcome, str]:
        status = answer.status
        verdict = await self._withheld_for(answer)
        if verdict is not None:  # found before a crash
            return await self._withhold(answer, verdict), ""
        if status.state is not State.DONE:
            return await self._say_outcome(answer, status.state, status.reason), ""
        if status.result is None:
            return await self._say_outcome(answer, State.FAILED, Reason.UNKNOWN), ""
        await self.messenger.ready(answer.to.chat_id, edit=True)  # before the picture takes memory
        try:
            async with self.results.read(status.result.picture) as result:
                return await self._give_result(answer, result), result.digest
        except PictureExpiredError:
            return await self._say_outcome(answer, State.FAILED, Reason.PICTURE_EXPIRED), ""
        except PictureRefusedError:
            log.error("answer.result_unreadable")  # noqa: TRY400 - there is no more to say
            return await self._say_outcome(answer, State.FAILED, Reason.UNKNOWN), ""

    async def _give_result(self, answer: _Answer, result: ResultPicture) -> AnswerOutcome:
        status = answer.status
        if self.moderation is not None:
            prompt, digest = status.job.edit.prompt, result.digest
            verdict = await self.moderation.of_result(answer.job_id, prompt, result.data, digest)
            if verdict is not ModerationVerdict.ALLOWED:
                return await self._withhold(answer, verdict)
        quota = None if is_group(answer.to.chat_id) else await self.quotas.of(status.job.user_id)
        caption = job_views.done(answer.words, self.presets, status, quota=quota)
        larger = self.larger_megapixels > 0 and not is_larger(status.job)
        forms = [False, True] if result.is_photo else [True]
        if is_larger(status.job):  # Telegram makes photos smaller
            forms.reverse()
        refusals = list[TelegramRefusedError]()
        for as_file in forms:
            buttons = job_views.result_buttons(answer.words, status, as_file=as_file, larger=larger)
            try:
                picture = PictureView(result.data, caption, as_file, buttons, name=short_id(answer.job_id))
                await self._show(answer, picture)
            except TelegramRefusedError as error:
                log.warning("answer.rejected", error=str(error), as_file=as_file, bytes=len(result.data))
                refusals.append(error)
            else:
                return AnswerOutcome.FILE if as_file else AnswerOutcome.PICTURE
        if all(isinstance(refusal, KindForbiddenError) for refusal in refusals):
            # An admin of the group may allow it: then the picture comes into the place of these words.
            await self._say(answer, job_views.withheld(answer.words, answer.job_id, Text.PICTURES_FORBIDDEN))
            return AnswerOutcome.FORBIDDEN
        return await self._say_outcome(answer, State.FAILED, Reason.UNKNOWN)

    async def _show(self, answer: _Answer, picture: PictureView) -> None:
        if await self.messenger.show(answer.to.chat_id, answer.message_id, picture):
            return
        another = await self._go_on(answer, View(picture.caption))  # the user deleted the job's message
        if not await self.messenger.show(answer.to.chat_id, another.message_id, picture):
            log.info("answer.deleted")

    async def _go_on(self, answer: _Answer, view: View) -> _Answer:
        """Continue the answer in another message, the same one if it's repeated.

        A picture replaces text that was sent first: if Telegram's reply is lost, the text comes twice.
        """
        message_id = await self.messenger.send(answer.to, view)
        await self.replies.remember(answer.to, message_id)
        return replace(answer, message_id=message_id)

    async def delete_pictures(self, status: Status) -> None:
        """Delete an ended job's unneeded pictures. If that fails, the store's lifecycle rule deletes them."""
        try:
            if status.state is State.DONE:
                await self.store.delete_photos(status.job.id)
            elif status.state is State.CANCELLED:
                await self.store.erase(status.job.id)
        except PictureStoreUnavailableError as error:
            log.warning("pictures.not_deleted", error=str(error))

    async def _withheld_for(self, answer: _Answer) -> ModerationVerdict | None:
        if self.moderation is None or answer.status.result is None:
            return None
        return await self.moderation.withheld(answer.job_id)

    async def _withhold(self, answer: _Answer, verdict: ModerationVerdict) -> AnswerOutcome:
        """Say that the picture is withheld, and delete it so that no button can show it."""
        if answer.status.result is not None:
            await self.store.delete(answer.status.result.picture)
        await self._say(answer, await self._withheld(answer, verdict))
        return AnswerOutcome.WITHHELD

    async def _say_outcome(self, answer: _Answer, state: State, reason: Reason | None) -> AnswerOutcome:
        view = await self._outcome(answer, state, reason)
        if state is State.CANCELLED:
            await self._edit(answer, view)
            return AnswerOutcome.CANCELLED
        await self._say(answer, view)
        return AnswerOutcome.FAILED

    async def _say(self, answer: _Answer, view: View) -> None:
        try:
            if await self._edit(answer, view):
                return
        except TelegramRefusedError as error:
            log.warning("answer.edit_refused", error=str(error))
        await self._go_on(answer, view)

    async def _edit(self, answer: _Answer, view: View) -> bool:
        return await self.messenger.edit(answer.to.chat_id, answer.message_id, view)

    async def _withheld(self, answer: _Answer, verdict: ModerationVerdict) -> View:
        """Refund the job, unless its user has had enough refunds today, and return the text."""
        if verdict is not ModerationVerdict.REFUSED:
            await self.quotas.give_back(answer.status.job.user_id, answer.job_id)
            return self._not_counted(answer, job_views.withheld(answer.words, answer.job_id, Text.RESULT_UNCHECKED))
        free = await self.quotas.give_back_withheld(answer.status.job.user_id, answer.job_id)
        view = job_views.withheld(answer.words, answer.job_id, Text.RESULT_REFUSED)
        return self._not_counted(answer, view, Text.NOT_COUNTED if free else Text.WITHHELD_COUNTED)

    async def _outcome(self, answer: _Answer, state: State, reason: Reason | None) -> View:
        """Refund the job if it costs nothing, and return the text."""
        view = job_views.outcome(answer.words, answer.job_id, state, reason, larger=is_larger(answer.status.job))
        return self._not_counted(answer, view) if await refund(self.quotas, answer.status, state) else view

    def _not_counted(self, answer: _Answer, view: View, text: Text = Text.NOT_COUNTED) -> View:
        if is_group(answer.to.chat_id) or not self.quotas.limited(answer.status.job.user_id):
            return view
        return replace(view, text=f"{view.text}\n{answer.words(text)}")
