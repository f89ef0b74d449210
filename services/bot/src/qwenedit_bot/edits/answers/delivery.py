"""Answers ended jobs, once each, and records the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import structlog

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.chat.rate_limit import on_behalf_of
from qwenedit_bot.common import timeouts
from qwenedit_bot.edits.answers.answer import CANCELLED, FAILED, FORBIDDEN, UNREACHABLE, WITHHELD
from qwenedit_bot.inbox.scheduler import PoisonError
from qwenedit_jobs import State, event_of
from qwenedit_jobs.events import job_in
from qwenedit_telemetry import attributes, job_context, tracing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.edits.answers.answer import Answering
    from qwenedit_bot.edits.progress.eta import Eta
    from qwenedit_bot.edits.requests.backlog import Backlog
    from qwenedit_bot.payments.quotas import Quotas
    from qwenedit_jobs import JobQueue, Status
    from qwenedit_jobs.lanes import Entry

REFUSED = frozenset((UNREACHABLE, FORBIDDEN))
"""Outcomes of answers that wait until the chat takes them or the job is deleted, a day later."""
IN_WORDS = frozenset((FAILED, CANCELLED, WITHHELD))
"""Outcomes that a late progress edit may overwrite; Telegram refuses to edit a picture's text."""

log = structlog.get_logger(__name__)


@dataclass(eq=False)
class Deliver:
    """Handles the entries of ended jobs for the scheduler. Never gives up."""

    queue: JobQueue
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
            outcome = "nobody" if reply is None else await self.answering.give(status, reply)
            span.set({attributes.OUTCOME: outcome})
            await self._note(status, outcome)
        if outcome in REFUSED:
            pause = timeouts.REFUSED_PAUSE if status.answered else 5.0
            raise LaterError(pause, "chat", apart=True)
        if outcome in IN_WORDS:
            raise LaterError(timeouts.LATE_EDITS, "late_edit", apart=True)

    async def _note(self, status: Status, outcome: str) -> None:
        """Record what the user got; after a crash before this, the same answer is given again."""
        if status.answered and outcome == status.answer:  # noting it once more would keep the job for longer
            return
        if outcome not in REFUSED:
            await self.quotas.settle(status.job.user_id, status.job.id)
        answered_at = await self.queue.answered(status.job.id, ending=status.ending, how=outcome)
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
