"""The worker's life: wait for a job, claim it, execute it, say what became of it."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import Reason, Settled, UnreadableJobError
from qwenedit_telemetry import attributes, job_context, tracing, unspoken
from qwenedit_worker.attempt import Attempt
from qwenedit_worker.backoff import Backoff
from qwenedit_worker.errors import QueueUnavailableError
from qwenedit_worker.events import set_within, unless
from qwenedit_worker.outcomes import Dropped, Fail, Finished, Outcome, Release, Retry
from qwenedit_worker.settlement import Settlement

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from qwenedit_jobs import Claim
    from qwenedit_worker.activity import Activity
    from qwenedit_worker.metrics import Metrics
    from qwenedit_worker.ports import Editor, Pictures, Queue
    from qwenedit_worker.readiness import ComfyUIWatch
    from qwenedit_worker.shutdown import Shutdown

LAST_CALLS = 2.0
"""Seconds for giving a job back when the process itself is being torn down."""
SUSPICION = 3
"""So many times in a row a job may come back unharmed to the same worker whose ComfyUI says it is ready."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The worker's times, in seconds; `WorkerSettings` has their meaning."""

    polling_interval: float
    lease: float
    budget: float
    gpu_lock_timeout: float


class Worker:
    """Executes one job at a time.

    Args:
        name: Shown to the operator beside the job.
        pace: The times.
        queue: Where jobs come from.
        pictures: Where pictures lie.
        editor: Executes edits.
        watch: Knows whether ComfyUI can take a job.
        shutdown: How the worker is asked to leave.
        activity: Is told of the job in hand.
        metrics: Counts.
        line: The queue's name, for traces.
    """

    def __init__(  # noqa: PLR0913 - a composition, with every part named
        self,
        name: str,
        pace: Pace,
        *,
        queue: Queue,
        pictures: Pictures,
        editor: Editor,
        watch: ComfyUIWatch,
        shutdown: Shutdown,
        activity: Activity,
        metrics: Metrics,
        line: str = "qwenedit:job_queue",
    ) -> None:
        self._name = name
        self._line = line
        self._pace = pace
        self._queue = queue
        self._pictures = pictures
        self._editor = editor
        self._watch = watch
        self._shutdown = shutdown
        self._activity = activity
        self._metrics = metrics
        self._settlement = Settlement(
            queue=queue, pictures=pictures, lease=pace.lease, activity=activity, shutdown=shutdown
        )
        self._attempt: Attempt | None = None
        self._came_back = ("", 0)
        self._backoff = Backoff()

    def nudge(self, job_id: str) -> None:
        """Look at a job's lease at once, if that job is in hand."""
        if self._attempt is not None:
            self._attempt.nudge(job_id)

    async def run(self) -> None:
        """Take jobs until the worker is told to drain; the one in hand is finished first."""
        while not self._shutdown.draining.is_set():
            await unless(self._shutdown.draining, self._watch.ready.wait())
            if not await self._job_waits():
                continue
            since = asyncio.get_running_loop().time()
            claim = await self._claim()
            if claim is not None:
                with (
                    self._activity.job(),
                    job_context(claim.job.id, attempt=claim.attempt),
                    unspoken(claim.job.edit.prompt),
                    self._span(claim) as span,
                ):
                    await self._execute(claim, since, span)

    async def _job_waits(self) -> bool:
        """Wait for a job, for a while; says no as well when none may be taken any more."""
        try:
            waits = await unless(self._shutdown.draining, self._queue.wait(self._pace.polling_interval))
        except QueueUnavailableError:
            await set_within(self._shutdown.draining, self._backoff.pause())
            return False
        self._backoff.reset()
        return bool(waits) and self._watch.ready.is_set() and not self._shutdown.draining.is_set()

    async def _claim(self) -> Claim | None:
        """Claim a job, asking with the same token until Redis has answered: a lost reply may have held a job.

        A worker that is to leave asks no longer than the lease which it may have got.
        """
        token = str(uuid.uuid4())
        backoff = Backoff()
        clock = asyncio.get_running_loop().time
        void = clock() + self._pace.lease
        while True:
            try:
                return await self._queue.claim(worker=self._name, token=token, lease=self._pace.lease)
            except QueueUnavailableError:
                abandoned = await set_within(self._shutdown.abandoning, backoff.pause())
                if abandoned or (self._shutdown.draining.is_set() and clock() > void):
                    return None
            except UnreadableJobError as error:
                log.exception("job.unreadable", job=error.job_id)
                await self._give_up_on(error)
                return None
            except asyncio.CancelledError:
                await self._unclaim(token)
                raise

    async def _unclaim(self, token: str) -> None:
        """Give back what a claim that was cancelled on its way may have taken."""
        try:
            async with asyncio.timeout(LAST_CALLS):
                claim = await self._queue.claim(worker=self._name, token=token, lease=self._pace.lease)
        except (QueueUnavailableError, UnreadableJobError, TimeoutError) as error:
            log.warning("job.not_given_back", error=str(error), remedy="its lease runs out")
        else:
            if claim is not None:
                await self._give_back(claim.job.id, token)

    async def _give_back(self, job_id: str, token: str) -> None:
        """Release a job while the process is being torn down; only a moment is left for it."""
        try:
            async with asyncio.timeout(LAST_CALLS):
                await self._queue.release(job_id, token)
        except (QueueUnavailableError, TimeoutError) as error:
            log.warning("job.not_given_back", error=str(error), remedy="its lease runs out")

    async def _give_up_on(self, error: UnreadableJobError) -> None:
        try:
            await self._queue.retry(error.job_id, error.token, Reason.UNKNOWN, str(error))
        except QueueUnavailableError:
            log.warning("job.not_given_back", job=error.job_id, remedy="its lease runs out")

    def _span(self, claim: Claim) -> AbstractContextManager[tracing.Span]:
        return tracing.processing(
            self._line,
            claim.job.id,
            parent=claim.trace_context,
            identity=claim.attempt_context,
            before=claim.previous_context,
            attributes={
                attributes.ATTEMPT: claim.attempt,
                attributes.MAX_ATTEMPTS: claim.max_attempts,
                attributes.QUEUE_WAIT: claim.waited,
                attributes.WORKER: self._name,
            },
        )

    async def _execute(self, claim: Claim, since: float, span: tracing.Span) -> None:
        log.info("job.claimed", waited=round(claim.waited, 3), max_attempts=claim.max_attempts)
        if claim.attempt == 1:
            self._metrics.queue_wait.observe(claim.waited, tracing.exemplar())
        else:
            self._metrics.redeliveries.inc()
        self._attempt = Attempt(
            claim,
            since=since,
            lease=self._pace.lease,
            budget=self._pace.budget,
            patience=self._pace.gpu_lock_timeout,
            queue=self._queue,
            pictures=self._pictures,
            editor=self._editor,
            shutdown=self._shutdown,
            activity=self._activity,
            metrics=self._metrics,
        )
        try:
            outcome = self._weigh(claim, await self._attempt.run())
            with tracing.span("settle"):
                settled = await self._settlement.settle(claim, outcome)
        except asyncio.CancelledError:
            await self._give_back(claim.job.id, claim.token)
            raise
        finally:
            self._attempt = None
        self._note(span, settled, outcome, seconds=asyncio.get_running_loop().time() - since)

    def _weigh(self, claim: Claim, outcome: Outcome) -> Outcome:
        """Doubt ComfyUI after a job that could not begin, and the job when that goes on though ComfyUI is ready."""
        if not (isinstance(outcome, Release) and outcome.suspect):
            return outcome
        self._watch.doubt(outcome.detail)
        last, times = self._came_back
        times = times + 1 if last == claim.job.id else 1
        self._came_back = (claim.job.id, times)
        return outcome if times < SUSPICION else Retry(Reason.COMFYUI_UNAVAILABLE, outcome.detail)

    def _note(self, span: tracing.Span, settled: Settled, outcome: Outcome, *, seconds: float) -> None:
        reason = outcome.reason.value if isinstance(outcome, Retry | Fail) else ""
        self._metrics.attempts.labels(settled.value, reason).inc()
        self._metrics.execution.labels(settled.value).observe(seconds, tracing.exemplar())
        span.set({attributes.OUTCOME: settled.value})
        if reason:
            span.set({attributes.REASON: reason})
            span.fail(reason)
        if settled is Settled.LOST and isinstance(outcome, Finished):
            self._metrics.stale_completions.inc()
        why = {"reason": reason} if reason else {}
        if isinstance(outcome, Retry | Fail | Release | Dropped):
            why["detail"] = outcome.detail
        level = {Settled.FAILED: log.error, Settled.DELAYED: log.warning, Settled.LOST: log.warning}
        level.get(settled, log.info)("job.settled", outcome=settled.value, seconds=round(seconds, 3), **why)
