"""The worker's main loop: wait for a job, claim it, execute it, report how it ended."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import Reason, Retry, UnreadableJobError
from qwenedit_jobs.backoff import Backoff, pause
from qwenedit_telemetry import attributes, job_context, redact_words, tracing
from qwenedit_worker import timeouts
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.common.waiting import unless
from qwenedit_worker.loop.attempt import Attempt
from qwenedit_worker.loop.attempt_report import report_gpu_time, report_settlement
from qwenedit_worker.loop.lease import LeaseKeeper
from qwenedit_worker.loop.outcomes import AttemptOutcome, Finished, ReleaseJob
from qwenedit_worker.loop.settlement import Settlement

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractContextManager

    from qwenedit_jobs import Claim, Job, Leases, PictureStore, Settled
    from qwenedit_worker.health.activity import Activity
    from qwenedit_worker.health.comfyui_watch import ComfyUIWatch
    from qwenedit_worker.health.shutdown import Shutdown
    from qwenedit_worker.loop.workflow_editor import Editor
    from qwenedit_worker.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """The worker's times in seconds; `WorkerSettings` explains them."""

    polling_interval: float
    lease: float
    budget: float


class Worker:
    """Runs one job at a time.

    Claims the next job once ComfyUI has finished the running one, whose picture is fetched and submitted meanwhile.

    Args:
        name: Shown to the operator beside the job.
        timings: The times.
        queue: Source of jobs.
        pictures: The picture store.
        editor: Executes edits.
        watch: Knows whether ComfyUI can take a job.
        shutdown: Asks the worker to leave.
        activity: Records which job runs.
        metrics: The worker's metrics.
        label: Returns a job's workflow as a label of metrics.
    """

    def __init__(  # noqa: PLR0913 - a composition, with every part named
        self,
        name: str,
        timings: Timings,
        *,
        queue: Leases,
        pictures: PictureStore,
        editor: Editor,
        watch: ComfyUIWatch,
        shutdown: Shutdown,
        activity: Activity,
        metrics: Metrics,
        label: Callable[[Job], str] = lambda _job: "",
    ) -> None:
        self._name = name
        self._label = label
        self._timings = timings
        self._queue = queue
        self._pictures = pictures
        self._editor = editor
        self._watch = watch
        self._shutdown = shutdown
        self._activity = activity
        self._metrics = metrics
        self._settlement = Settlement(queue=queue, pictures=pictures, activity=activity, shutdown=shutdown)
        self._releases = Counter[str]()
        self._comfyui_busy = False

    async def run(self) -> None:
        """Run jobs until the worker has to drain; the running job finishes first."""
        async with asyncio.TaskGroup() as tasks:
            settling: asyncio.Task[None] | None = None
            more, wait = False, 0.0
            while not self._shutdown.draining.is_set():
                if not self._watch.ready.is_set():
                    await unless(self._shutdown.draining, self._watch.ready.wait())
                if self._comfyui_busy:
                    self._comfyui_busy = False
                    await pause(self._shutdown.draining, 2.0)  # the job is left to other workers
                if not self._may_take():
                    more = False
                    continue
                # After a job, ask for the next one at once; otherwise wait for one, longer each time.
                wait = 0.0 if more else min(wait + self._timings.polling_interval, timeouts.LONGEST_CLAIM)
                job = await self._take_job(tasks, wait=wait)
                more = job is not None
                if settling is not None:  # at most one job executes while one is being submitted
                    await asyncio.wait([settling])
                settling = job

    async def _take_job(self, tasks: asyncio.TaskGroup, *, wait: float) -> asyncio.Task[None] | None:
        """Claim a job and wait until it's executed; the returned task submits its result."""
        clock = asyncio.get_running_loop().time
        since = clock()
        claim = await self._claim(wait)
        if claim is None:
            log.debug("queue.empty", waited=round(clock() - since, 3))
            return None
        if wait:
            since = clock()  # the lease began now; if this process was stopped since, the first renewal notices
        executed = asyncio.Event()
        job = tasks.create_task(self._process(claim, since, executed), name="job")
        await executed.wait()
        return job

    async def _process(self, claim: Claim, since: float, executed: asyncio.Event) -> None:
        try:
            with (
                self._activity.job(),
                job_context(claim.job.id, attempt=claim.attempt),
                redact_words(claim.job.edit.prompt),
                self._span(claim) as span,
            ):
                await self._execute(claim, since, span, executed)
        finally:
            executed.set()

    def _may_take(self) -> bool:
        return self._watch.ready.is_set() and not self._shutdown.draining.is_set()

    async def _claim(self, wait: float) -> Claim | None:
        """Claim a job, repeating the call with the same token until Redis replies: a lost reply may hold a job.

        Args:
            wait: Seconds to wait for a job; a leaving worker stops waiting.
        """
        token = str(uuid.uuid4())
        backoff = Backoff()
        try:
            while not self._shutdown.draining.is_set():
                try:
                    claim = await self._ask(token, wait)
                except QueueUnavailableError:
                    wait = 0.0
                    await pause(self._shutdown.draining, backoff.next())
                else:
                    if claim is not None or not self._shutdown.draining.is_set():
                        return claim
        except UnreadableJobError as error:
            log.exception("job.unreadable", job=error.job_id)
            left = ReleaseJob(pause=5.0)  # workers of another version may take it
            await self._give_back(self._queue.settle(error.job_id, error.token, left))
            return None
        except asyncio.CancelledError:
            await self._give_back(self._queue.abandon(token))
            raise
        await self._give_back(self._queue.abandon(token))
        return None

    async def _ask(self, token: str, wait: float) -> Claim | None:
        claiming = self._queue.claim(worker=self._name, token=token, lease=self._timings.lease, wait=wait)
        return await (unless(self._shutdown.draining, claiming) if wait else claiming)

    async def _give_back(self, call: Awaitable[Settled]) -> None:
        """Return a job to the line, within a moment because the process may be ending."""
        try:
            async with asyncio.timeout(timeouts.LEAVING_CALL):
                await call
        except (QueueUnavailableError, TimeoutError) as error:
            log.warning("job.not_given_back", error=str(error), remedy="its lease runs out")

    def _span(self, claim: Claim) -> AbstractContextManager[tracing.Span]:
        return tracing.processing(
            self._queue.name,
            claim.job.id,
            parent=claim.trace_context,
            attributes={
                attributes.ATTEMPT: claim.attempt,
                attributes.MAX_ATTEMPTS: claim.max_attempts,
                attributes.QUEUE_WAIT: claim.waited,
                attributes.WORKER: self._name,
            },
        )

    async def _execute(self, claim: Claim, since: float, span: tracing.Span, executed: asyncio.Event) -> None:
        log.info("job.claimed", waited=round(claim.waited, 3), max_attempts=claim.max_attempts)
        if claim.first:
            self._metrics.queue_wait.observe(claim.waited, tracing.exemplar())
        else:
            self._metrics.redeliveries.inc()
        lease = LeaseKeeper(
            self._queue,
            claim,
            lease=self._timings.lease,
            since=since,
            draining=self._shutdown.draining.is_set,
            metrics=self._metrics,
        )
        try:
            with self._metrics.gpu.job() as gpu_time:
                async with lease:
                    attempt = Attempt(
                        claim,
                        deadline=since + self._timings.budget,
                        lease=lease,
                        pictures=self._pictures,
                        editor=self._editor,
                        shutdown=self._shutdown,
                        activity=self._activity,
                        gpu_time=gpu_time,
                        executed=executed,
                    )
                    if self._watch.ready.is_set():
                        outcome = self._after_attempt(claim, await attempt.run())
                    else:
                        outcome = ReleaseJob("ComfyUI is not ready any more")  # the claim had to wait
                    executed.set()
                    with tracing.span("settle"):
                        settled = await self._settlement.settle(claim, outcome, lease)
        except asyncio.CancelledError:
            await self._give_back(self._queue.settle(claim.job.id, claim.token, ReleaseJob()))
            raise
        report_gpu_time(self._metrics, span, settled, gpu_time, workflow=self._label(claim.job))
        seconds = asyncio.get_running_loop().time() - since
        report_settlement(self._metrics, span, settled, outcome, seconds=seconds)

    def _after_attempt(self, claim: Claim, outcome: AttemptOutcome) -> AttemptOutcome:
        """Check ComfyUI again if it didn't begin or finish the job; count an attempt if the job keeps coming back."""
        if not isinstance(outcome, ReleaseJob):
            self._releases.pop(claim.job.id, None)
            if isinstance(outcome, Finished) and claim.job.edit.workflow is None:
                self._watch.mark_warm()
            if isinstance(outcome, Retry) and outcome.reason is Reason.COMFYUI_UNAVAILABLE:
                self._watch.mark_not_ready(outcome.detail)
            return outcome
        self._comfyui_busy = outcome.comfyui_busy
        if not outcome.comfyui_unready:
            return outcome
        self._watch.mark_not_ready(outcome.detail)
        self._releases[claim.job.id] += 1
        if self._releases[claim.job.id] < 3:  # the third by the same worker counts as an attempt
            return outcome
        del self._releases[claim.job.id]
        return Retry(Reason.COMFYUI_UNAVAILABLE, outcome.detail)
