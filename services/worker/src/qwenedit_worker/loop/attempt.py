"""One execution of one job, from its claim to its outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import PictureExpiredError, PictureStoreUnavailableError
from qwenedit_telemetry import attributes, tracing
from qwenedit_worker.comfyui import ComfyUIError, EditStage, OutOfMemory, Progress, WorkflowFileError
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.common.waiting import Signal, unless
from qwenedit_worker.loop.outcomes import AttemptOutcome, Finished, ReleaseJob, outcome_of
from qwenedit_worker.telemetry.gpu_time import GpuActivity

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable

    from qwenedit_jobs import Claim, PictureStore
    from qwenedit_worker.comfyui import EditResult
    from qwenedit_worker.health.activity import Activity
    from qwenedit_worker.health.shutdown import Shutdown
    from qwenedit_worker.loop.lease import LeaseKeeper
    from qwenedit_worker.loop.workflow_editor import Editor
    from qwenedit_worker.telemetry.gpu_time import AttemptGpuTime

_ACTIVITIES = {EditStage.QUEUED: GpuActivity.IDLE, EditStage.LOADING: GpuActivity.LOADING}
"""The stages whose time doesn't count as editing."""

log = structlog.get_logger(__name__)


class Attempt:
    """Executes a claimed job, and returns its outcome without reporting it.

    Args:
        claim: The job.
        deadline: When it must have ended, on the event loop's clock.
        lease: Renewed meanwhile; may end the attempt.
        pictures: The picture store.
        editor: Executes the edit.
        shutdown: May ask to return the job.
        activity: Records progress.
        gpu_time: Accounts for the GPU's time.
        executed: Set when ComfyUI has finished the job and can take the next one.
    """

    def __init__(  # noqa: PLR0913 - a composition, with every part named
        self,
        claim: Claim,
        *,
        deadline: float,
        lease: LeaseKeeper,
        pictures: PictureStore,
        editor: Editor,
        shutdown: Shutdown,
        activity: Activity,
        gpu_time: AttemptGpuTime,
        executed: asyncio.Event,
    ) -> None:
        self._claim = claim
        self._deadline = deadline
        self._lease = lease
        self._pictures = pictures
        self._editor = editor
        self._shutdown = shutdown
        self._activity = activity
        self._gpu_time = gpu_time
        self._executed = executed

    async def run(self) -> AttemptOutcome:
        """Execute until there is a picture, an error, or a reason to stop.

        If stopped, the editor interrupts ComfyUI and cleans up within its own time limit.
        """
        stop = Signal()
        with (
            self._lease.ended.calling(stop.set),
            self._shutdown.abandoning.calling(stop.set),
            self._shutdown.draining.calling(self._lease.look),
        ):
            outcome = await unless(stop, self._edit())
        return outcome or self._lease.end or ReleaseJob("the worker was told to leave at once")

    async def _edit(self) -> AttemptOutcome:
        try:
            pictures = self._claim.pictures or await self._read()
            try:
                return Finished(await self._execute(pictures))
            except OutOfMemory as error:
                # ComfyUI has freed its memory since; what another client or an earlier model took may be enough.
                log.warning("attempt.out_of_memory", error=str(error))
            return Finished(await self._execute(pictures))
        except (
            ComfyUIError,
            WorkflowFileError,
            PictureExpiredError,
            PictureStoreUnavailableError,
            QueueUnavailableError,
        ) as error:
            return outcome_of(error)
        except Exception as error:
            log.exception("attempt.crashed")
            return outcome_of(error)

    def _execute(self, pictures: tuple[bytes, ...]) -> Awaitable[EditResult]:
        return self._editor.edit(
            self._claim.job,
            attempt=self._claim.attempt,
            pictures=pictures,
            on_progress=self._on_progress,
            deadline=self._deadline,
        )

    async def _read(self) -> tuple[bytes, ...]:
        refs = self._claim.job.edit.pictures
        with tracing.span("read pictures", attributes={attributes.PICTURES: len(refs)}):
            return tuple([await self._pictures.get(ref) for ref in refs])

    def _on_progress(self, progress: Progress) -> None:
        self._activity.sign()
        # Also called by the websocket's task, which knows of no job.
        log.debug(
            "attempt.progress",
            job=self._claim.job.id,
            attempt=self._claim.attempt,
            stage=progress.stage,
            step=progress.step,
            steps=progress.steps,
        )
        self._gpu_time.spend(_ACTIVITIES.get(progress.stage, GpuActivity.EDITING))
        if progress.stage is EditStage.SENDING:
            self._executed.set()
        self._lease.show(progress)
