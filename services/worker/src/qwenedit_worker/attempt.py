"""One execution of one job, from its claim to the moment it is known what becomes of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import PictureExpiredError, Reason
from qwenedit_telemetry import attributes, tracing
from qwenedit_worker.backoff import Backoff
from qwenedit_worker.comfyui import ComfyUIError, OutOfMemory, Progress, Stage, WorkflowFileError
from qwenedit_worker.errors import QueueUnavailableError
from qwenedit_worker.lease import LeaseEnd, LeaseKeeper
from qwenedit_worker.outcomes import Dropped, Finished, Outcome, Release, Retry, Withdrawn, outcome_of
from qwenedit_worker.pictures import whole_png
from qwenedit_worker.reporter import ProgressReporter

if TYPE_CHECKING:
    from qwenedit_jobs import Claim
    from qwenedit_worker.activity import Activity
    from qwenedit_worker.comfyui import EditResult
    from qwenedit_worker.metrics import Metrics
    from qwenedit_worker.ports import Editor, Pictures, Queue
    from qwenedit_worker.shutdown import Shutdown

log = structlog.get_logger(__name__)


class Attempt:
    """Executes one claimed job beside the renewal of its lease; settles nothing.

    Args:
        claim: The job.
        since: When the claim was sent, on the event loop's clock: lease and budget begin here.
        lease: Seconds.
        budget: Seconds within which the attempt must end.
        patience: Seconds that the job may wait inside ComfyUI for other clients' jobs.
        queue: Renews, and takes progress.
        pictures: Has the job's pictures.
        editor: Executes.
        shutdown: May ask for the job to be given back.
        activity: Is told of each sign of progress.
        metrics: Counts what goes wrong.
    """

    def __init__(  # noqa: PLR0913 - a composition, with every part named
        self,
        claim: Claim,
        *,
        since: float,
        lease: float,
        budget: float,
        patience: float,
        queue: Queue,
        pictures: Pictures,
        editor: Editor,
        shutdown: Shutdown,
        activity: Activity,
        metrics: Metrics,
    ) -> None:
        self._claim = claim
        self._deadline = since + budget
        self._patience = patience
        self._queue = queue
        self._pictures = pictures
        self._editor = editor
        self._shutdown = shutdown
        self._activity = activity
        self._lease = LeaseKeeper(queue, claim, lease=lease, since=since, metrics=metrics)
        self._reporter = ProgressReporter(queue, claim, on_change=self._lease.nudge)
        self._stage = Stage.QUEUED
        self._submitted = asyncio.Event()
        self._begun = asyncio.Event()

    def nudge(self, job_id: str) -> None:
        """Look at the lease at once, if the message is about this job."""
        if job_id == self._claim.job.id:
            self._lease.nudge()

    async def run(self) -> Outcome:
        """Execute until there is an outcome: a picture, an error, or a reason to stop."""
        async with asyncio.TaskGroup() as tasks:
            edit = tasks.create_task(self._edit(), name="edit")
            lease = tasks.create_task(self._lease.keep(), name="lease")
            crowded = tasks.create_task(self._crowded(), name="crowded")
            abandoned = tasks.create_task(self._shutdown.abandoning.wait(), name="abandoned")
            reporter = tasks.create_task(self._reporter.run(), name="reporter")
            drain = tasks.create_task(self._mark_draining(), name="drain")

            await asyncio.wait((edit, lease, crowded, abandoned), return_when=asyncio.FIRST_COMPLETED)
            stop = self._reason_to_stop(lease, crowded=crowded.done(), abandoned=abandoned.done())
            for helper in (lease, crowded, abandoned, reporter, drain):
                helper.cancel()
            # Cancelled, the editor stops ComfyUI and cleans up, within seconds of its own bound.
            edit.cancel()

        outcome = None if edit.cancelled() else edit.result()
        if isinstance(outcome, Finished) or stop is None:
            return outcome or Release("the edit was cancelled from within")
        return stop

    def _reason_to_stop(self, lease: asyncio.Task[LeaseEnd], *, crowded: bool, abandoned: bool) -> Outcome | None:
        if lease.done():
            return _stopped(lease.result())
        if crowded:
            return Release(f"ComfyUI was busy with others' jobs for {self._patience:g} s")
        if abandoned:
            return Release("the worker was told to leave at once")
        return None

    async def _edit(self) -> Outcome:
        try:
            result = await self._result()
        except (ComfyUIError, WorkflowFileError, PictureExpiredError) as error:
            return outcome_of(error)
        except Exception as error:
            log.exception("attempt.crashed")
            return outcome_of(error)
        if not whole_png(result.png):
            return Retry(Reason.EXECUTION_FAILED, f"ComfyUI's result of {len(result.png)} bytes is no whole PNG")
        return Finished(result)

    async def _result(self) -> EditResult:
        refs = self._claim.job.edit.pictures
        with tracing.span("read pictures", attributes={attributes.PICTURES: len(refs)}):
            pictures = tuple([await self._picture(ref) for ref in refs])
        try:
            return await self._execute(pictures)
        except OutOfMemory as error:
            # ComfyUI has freed its memory since; what another client or an earlier model took may be enough.
            log.warning("attempt.out_of_memory", error=str(error))
            return await self._execute(pictures)

    async def _execute(self, pictures: tuple[bytes, ...]) -> EditResult:
        return await self._editor.edit(
            self._claim.job,
            attempt=self._claim.attempt,
            pictures=pictures,
            on_progress=self._on_progress,
            deadline=self._deadline,
        )

    async def _picture(self, ref: str) -> bytes:
        """Fetch a picture, however long Redis is away: the lease, or the want of it, ends the wait."""
        backoff = Backoff()
        while True:
            try:
                return await self._pictures.get(ref)
            except QueueUnavailableError:
                await asyncio.sleep(backoff.pause())

    async def _on_progress(self, progress: Progress) -> None:
        self._activity.sign()
        self._submitted.set()
        if progress.stage is not Stage.QUEUED:
            self._begun.set()
        self._reporter.show(progress)

    async def _crowded(self) -> None:
        """Return when ComfyUI has let the job wait too long; a job that has begun never is."""
        await self._submitted.wait()
        try:
            async with asyncio.timeout(self._patience):
                await self._begun.wait()
        except TimeoutError:
            return
        await asyncio.Event().wait()

    async def _mark_draining(self) -> None:
        """Let KEDA forget the job once its pod is leaving, so that it keeps no idle replacement for it."""
        await self._shutdown.draining.wait()
        backoff = Backoff()
        while True:
            try:
                await self._queue.drain(self._claim.job.id, self._claim.token)
            except QueueUnavailableError:
                await asyncio.sleep(backoff.pause())
            else:
                return


def _stopped(end: LeaseEnd) -> Outcome:
    match end:
        case LeaseEnd.CANCELLED:
            return Withdrawn()
        case LeaseEnd.LOST:
            return Dropped("the job has gone to another worker")
        case LeaseEnd.EXPIRED:
            return Dropped("the lease could not be renewed in time")
