"""Uploads the next job's pictures to ComfyUI while the current job is executed.

The next job is guessed by a look at the line, not claimed: should this process crash or leave, nothing is lost and no
attempt is counted. Another worker may be faster; then an upload was in vain, and its pictures are removed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import PictureExpiredError
from qwenedit_worker.comfyui import ComfyUIError, Progress, Stage
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.common.waiting import set_within

if TYPE_CHECKING:
    from qwenedit_jobs import Job
    from qwenedit_worker.comfyui import Uploaded
    from qwenedit_worker.common.ports import Editor, Pictures, Queue
    from qwenedit_worker.health.shutdown import Shutdown
    from qwenedit_worker.telemetry.metrics import Metrics

LOOK_AGAIN = 0.5
"""Seconds between looks at the line, from the first guess to the claim: another worker may have taken that job."""
PATIENCE = 2.0
"""Seconds for which a claimed job waits for an upload that is under way for it; then it uploads for itself."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Guess:
    job: Job
    uploaded: Uploaded | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the upload has come to an end, good or bad."""
    unwanted: bool = False


class Prefetch:
    """Prepares the job that is first in line while another one is executed.

    Args:
        queue: Is looked at.
        pictures: Has the job's pictures.
        editor: Takes them.
        shutdown: A worker that drains prepares nothing.
        metrics: Counts.
    """

    def __init__(
        self, *, queue: Queue, pictures: Pictures, editor: Editor, shutdown: Shutdown, metrics: Metrics
    ) -> None:
        self._queue = queue
        self._pictures = pictures
        self._editor = editor
        self._draining = shutdown.draining
        self._count = metrics.ahead
        self._looking = False
        self._woken = asyncio.Event()
        self._guess: _Guess | None = None
        self._in_vain: list[Uploaded] = []

    @property
    def expects(self) -> bool:
        """Whether the next job's pictures are on ComfyUI, or on their way there, if the guess is right."""
        return self._guess is not None

    def watch(self, progress: Progress) -> None:
        """Begin to look once the job in hand is nearly done: the sooner, the likelier somebody else claims the next."""
        if self._editor.tidy and nearly_done(progress) and not self._looking:
            self._looking = True
            self._woken.set()

    def stop_looking(self) -> None:
        """Keep what is prepared, and prepare nothing else."""
        self._looking = False

    def drop(self) -> None:
        """Remove what is prepared: no job is about to be claimed."""
        self._looking = False
        self._forget(self._guess)
        self._guess = None

    async def take(self, job: Job) -> Uploaded | None:
        """Hand over a claimed job's pictures, if they were put on ComfyUI; they are the caller's then."""
        guess = self._guess
        if guess is not None and (guess.job.id, guess.job.edit.pictures) == (job.id, job.edit.pictures):
            await set_within(guess.done, PATIENCE)
            if guess.uploaded is not None:
                self._guess = None
                self._looking = False
                self._count.labels("used").inc()
                return guess.uploaded
        self.drop()
        return None

    async def run(self) -> None:
        """Look and prepare, for ever. To be cancelled; nothing is left then."""
        try:
            while True:
                if self._looking:
                    await set_within(self._woken, LOOK_AGAIN)
                else:
                    await self._woken.wait()
                self._woken.clear()
                await self._clear_away()
                if self._looking and not self._draining.is_set():
                    await self._prepare_next()
        finally:
            self.drop()
            await self._clear_away()

    async def _prepare_next(self) -> None:
        try:
            job = await self._queue.peek()
        except QueueUnavailableError:
            return
        if job is None or (self._guess is not None and self._guess.job.id == job.id):
            return
        self._forget(self._guess)
        guess = self._guess = _Guess(job)
        try:
            pictures = tuple([await self._pictures.get(ref) for ref in job.edit.pictures])
            guess.uploaded = await self._editor.upload(job, pictures)
        except (ComfyUIError, PictureExpiredError, QueueUnavailableError) as error:
            # The job's own attempt will meet it as well, and know what follows from it.
            log.info("prefetch.failed", job=job.id, error=f"{type(error).__name__}: {error}")
            self._count.labels("failed").inc()
        finally:
            guess.done.set()
        if guess.unwanted:
            self._forget(guess)

    def _forget(self, guess: _Guess | None) -> None:
        if guess is None:
            return
        guess.unwanted = True
        if guess.uploaded is not None:
            self._count.labels("wasted").inc()
            self._in_vain.append(guess.uploaded)
            self._woken.set()

    async def _clear_away(self) -> None:
        while self._in_vain:
            await self._editor.discard(self._in_vain.pop())


def nearly_done(progress: Progress) -> bool:
    """Whether an edit is at its last step, or has none."""
    return progress.stage is not Stage.QUEUED and progress.step >= progress.steps - 1
