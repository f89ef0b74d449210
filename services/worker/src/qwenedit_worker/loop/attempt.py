"""One execution of one job, from its claim to its outcome."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import PictureExpiredError, PictureStoreUnavailableError
from qwenedit_jobs.backoff import Backoff
from qwenedit_telemetry import attributes, tracing
from qwenedit_worker.comfyui import ComfyUIError, EditTimeout, OutOfMemory, Progress, Stage, WorkflowFileError
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.loop.lease import LeaseEnd, LeaseKeeper
from qwenedit_worker.loop.outcomes import AttemptOutcome, Finished, JobCancelled, LeaseLost, Release, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from qwenedit_jobs import Claim, JobQueue, PictureStore
    from qwenedit_worker.comfyui import EditResult
    from qwenedit_worker.health.activity import Activity
    from qwenedit_worker.health.shutdown import Shutdown
    from qwenedit_worker.loop.editor import Editor
    from qwenedit_worker.telemetry.gpu_time import AttemptGpuTime
    from qwenedit_worker.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

LEASE = "lease"
SENDING_SHOWN_AFTER = 0.2
"""Seconds of fetching a result after which its user is told: most are there sooner."""
LAST_WRITE = 0.5
"""Seconds that a heartbeat which is being sent when the edit ends may take yet."""

JUDGED_WITHIN = 20.0
"""Seconds that a job waits inside a ComfyUI that executes nothing. Its executor may be dead, and the job that waits is
the evidence: taken back sooner each time, no job would ever have it found out."""
LOOK_AGAIN = 0.5
"""Seconds between looks whether such a ComfyUI executes something."""
STORE_AWAITED = 10.0
"""Seconds that a job waits for its pictures while their store of objects does not answer. It holds a GPU meanwhile."""


class Attempt:
    """Executes one claimed job beside the renewal of its lease; settles nothing.

    Args:
        claim: The job.
        since: When the claim was sent, or had waited, on the event loop's clock: lease and budget begin here.
        lease: Seconds.
        budget: Seconds within which the attempt must end.
        patience: Seconds that the job may wait inside ComfyUI for other clients' jobs.
        queue: Takes heartbeats.
        pictures: Has the job's pictures.
        editor: Executes.
        shutdown: May ask for the job to be given back.
        activity: Is told of each sign of progress.
        metrics: Counts what goes wrong.
        gpu_time: Is told what the GPU is used for.
        executed: Set when ComfyUI is done with the job, and another one may have it.
    """

    def __init__(  # noqa: PLR0913 - a composition, with every part named
        self,
        claim: Claim,
        *,
        since: float,
        lease: float,
        budget: float,
        patience: float,
        queue: JobQueue,
        pictures: PictureStore,
        editor: Editor,
        shutdown: Shutdown,
        activity: Activity,
        metrics: Metrics,
        gpu_time: AttemptGpuTime,
        executed: asyncio.Event,
    ) -> None:
        self._claim = claim
        self._deadline = since + budget
        self._patience = patience
        self._pictures = pictures
        self._editor = editor
        self._shutdown = shutdown
        self._activity = activity
        self._gpu_time = gpu_time
        self._executed = executed
        self._lease = LeaseKeeper(
            queue, claim, lease=lease, since=since, draining=shutdown.draining.is_set, metrics=metrics
        )
        self._stop: AttemptOutcome | None = None
        self._over = False
        self._timers: list[asyncio.TimerHandle] = []
        self._helpers: dict[str, asyncio.Task[None]] = {}
        self._submitted = False
        self._begun = False

    def nudge(self, job_id: str) -> None:
        """Look at the lease at once, if the message is about this job."""
        if job_id == self._claim.job.id:
            self._look_at_lease()

    async def run(self) -> AttemptOutcome:
        """Execute until there is an outcome: a picture, an error, or a reason to stop.

        What may ask it to stop calls `_halt`. Nothing but the edit is a task from the start: most attempts end before
        anything else has to be done for them.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as self._tasks:
            self._editing = self._tasks.create_task(self._edit(), name="edit")
            self._timers.append(loop.call_at(self._lease.due, self._help, LEASE, self._keep_lease))
            with (
                self._shutdown.abandoning.calling(lambda: self._halt(Release("the worker was told to leave at once"))),
                self._shutdown.draining.calling(self._look_at_lease),
            ):
                try:
                    await asyncio.wait((self._editing,))
                finally:
                    self._let_helpers_go()

        outcome = None if self._editing.cancelled() else self._editing.result()
        if isinstance(outcome, Finished) or self._stop is None:
            return outcome or Release("the edit was cancelled from within")
        return self._stop

    def _halt(self, reason: AttemptOutcome) -> None:
        """Stop the edit. Cancelled, the editor stops ComfyUI and cleans up, within seconds of its own bound."""
        if not self._over:
            self._stop = reason
            self._let_helpers_go()
            self._editing.cancel()

    def _help(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        """Have something done beside the edit, once."""
        if not self._over and name not in self._helpers:
            self._helpers[name] = self._tasks.create_task(work(), name=name)

    def _let_helpers_go(self) -> None:
        self._over = True
        for timer in self._timers:
            timer.cancel()
        for name, helper in self._helpers.items():
            if name == LEASE and self._lease.finish():
                asyncio.get_running_loop().call_later(LAST_WRITE, helper.cancel)
            else:
                helper.cancel()
        self._timers.clear()  # they know this attempt: its picture would stay until the garbage is collected

    def _look_at_lease(self) -> None:
        self._lease.look()
        self._help(LEASE, self._keep_lease)

    async def _keep_lease(self) -> None:
        end = await self._lease.keep()
        if end is not None:
            self._halt(_stopped(end))

    async def _edit(self) -> AttemptOutcome:
        try:
            result = await self._result()
        except (ComfyUIError, WorkflowFileError, PictureExpiredError, PictureStoreUnavailableError) as error:
            return outcome_of(error)
        except Exception as error:
            log.exception("attempt.crashed")
            return outcome_of(error)
        return Finished(result)

    async def _result(self) -> EditResult:
        try:
            return await self._execute(await self._read())
        except OutOfMemory as error:
            # ComfyUI has freed its memory since; what another client or an earlier model took may be enough.
            log.warning("attempt.out_of_memory", error=str(error))
        return await self._execute(await self._read())

    async def _read(self) -> tuple[bytes, ...]:
        refs = self._claim.job.edit.pictures
        with tracing.span("read pictures", attributes={attributes.PICTURES: len(refs)}):
            until = asyncio.get_running_loop().time() + STORE_AWAITED
            return self._claim.pictures or tuple([await self._picture(ref, until) for ref in refs])

    async def _execute(self, pictures: tuple[bytes, ...]) -> EditResult:
        return await self._editor.edit(
            self._claim.job,
            attempt=self._claim.attempt,
            pictures=pictures,
            on_progress=self._on_progress,
            deadline=self._deadline,
        )

    async def _picture(self, ref: str, until: float) -> bytes:
        """Fetch a picture, and try again while Redis does not answer; the end of the lease ends that as well.

        A store of objects is waited for as well. Then the job goes back: others have their turn meanwhile.

        Args:
            ref: The picture.
            until: How long its store is waited for, on the event loop's clock; a call under way ends later.

        Raises:
            EditTimeout: Redis answers, and did not hand it out within the attempt's time.
            PictureStoreUnavailableError: the store of objects did not answer for long enough.
        """
        backoff, clock = Backoff(), asyncio.get_running_loop().time
        while True:
            pause = backoff.next()
            try:
                return await self._pictures.get(ref)
            except QueueUnavailableError as error:
                if clock() >= self._deadline:
                    raise EditTimeout(f"Redis did not hand the picture out: {error}") from error
            except PictureStoreUnavailableError as error:
                log.warning("attempt.pictures_unavailable", error=str(error))
                if clock() >= until:
                    raise
                pause = min(pause, until - clock())
            await asyncio.sleep(pause)

    def _on_progress(self, progress: Progress) -> None:
        self._activity.sign()
        self._log_progress(progress)
        match progress.stage:
            case Stage.QUEUED:
                self._gpu_time.waits()
            case Stage.STARTING:
                self._gpu_time.edits(loaded=False)
            case Stage.LOADING:
                self._gpu_time.loads()
            case Stage.EDITING | Stage.SENDING:
                self._gpu_time.edits()
        self._note_place(begun=progress.stage is not Stage.QUEUED)
        if progress.stage is Stage.SENDING:
            self._executed.set()
            later = asyncio.get_running_loop().call_later(SENDING_SHOWN_AFTER, self._show, progress)
            self._timers.append(later)
        else:
            self._show(progress)

    def _log_progress(self, progress: Progress) -> None:
        left = self._deadline - asyncio.get_running_loop().time()
        # Also called by the websocket's task, which knows of no job.
        log.debug(
            "attempt.progress", job=self._claim.job.id, attempt=self._claim.attempt, stage=progress.stage,
            step=progress.step, steps=progress.steps, seconds_left=round(left),
        )  # fmt: skip

    def _show(self, progress: Progress) -> None:
        if self._lease.show(progress):
            self._help(LEASE, self._keep_lease)

    def _note_place(self, *, begun: bool) -> None:
        """Stop when ComfyUI lets the job wait too long; a job that has begun never is."""
        if not (self._submitted or begun):
            patience = asyncio.get_running_loop().call_later(self._patience, self._help, "patience", self._give_way)
            self._timers.append(patience)
        self._submitted = True
        self._begun = self._begun or begun

    async def _give_way(self) -> None:
        """Release a job that has not begun, unless ComfyUI executes nothing and has not been judged yet."""
        clock = asyncio.get_running_loop().time
        judged = clock() + JUDGED_WITHIN - self._patience
        while not self._begun and clock() < judged:
            if await self._editor.busy(executing=True):
                break
            await asyncio.sleep(LOOK_AGAIN)
        if not self._begun:
            self._halt(Release(f"ComfyUI was busy with others' jobs for {self._patience:g} s", comfyui_busy=True))


def _stopped(end: LeaseEnd) -> AttemptOutcome:
    match end:
        case LeaseEnd.CANCELLED:
            return JobCancelled()
        case LeaseEnd.LOST:
            return LeaseLost("the job has gone to another worker")
        case LeaseEnd.EXPIRED:
            return LeaseLost("the lease could not be renewed in time")
