"""Writes a job's progress into Redis. The edit does not wait for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qwenedit_jobs import Lease, Phase
from qwenedit_worker.comfyui import Stage
from qwenedit_worker.common.errors import QueueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_jobs import Claim, JobQueue
    from qwenedit_worker.comfyui import Progress

PHASES = {
    Stage.QUEUED: Phase.STARTING,
    Stage.STARTING: Phase.STARTING,
    Stage.LOADING: Phase.STARTING,
    Stage.EDITING: Phase.EDITING,
    Stage.SENDING: Phase.SENDING,
}


class ProgressReporter:
    """Writes the latest progress into the job; what is outdated before it could be written is left out.

    Args:
        queue: Where the job is.
        claim: The job and its token.
    """

    def __init__(self, queue: JobQueue, claim: Claim) -> None:
        self._queue = queue
        self._claim = claim
        self._news = asyncio.Event()
        self._latest = (Phase.STARTING, 0, 0)
        self._writing = False
        self._over = False

    def show(self, progress: Progress) -> bool:
        """Note how far the edit is; returns whether there is news for `run` to write."""
        latest = (PHASES[progress.stage], progress.step, progress.steps)
        if latest != self._latest:
            self._latest = latest
            self._news.set()
        return self._news.is_set()

    def finish(self) -> bool:
        """Have `run` return after what it is writing; returns whether it is writing.

        A command that is cancelled costs its connection, and the next job the making of another one.
        """
        self._over = True
        return self._writing

    async def run(self, *, on_change: Callable[[], None]) -> None:
        """Write what is noted, until told to finish. Progress that Redis does not take is lost: the next one follows.

        Args:
            on_change: Called when Redis answers that the lease is not what it was.
        """
        while not self._over:
            await self._news.wait()
            self._news.clear()
            phase, step, steps = self._latest
            self._writing = True
            try:
                answer = await self._queue.progress(
                    self._claim.job.id, self._claim.token, phase, step=step, steps=steps
                )
            except QueueUnavailableError:
                continue
            finally:
                self._writing = False
            if answer is not Lease.HELD:
                on_change()
