"""Telling the user how far a job is, without the edit waiting for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qwenedit_jobs import Lease, Phase
from qwenedit_worker.comfyui import Stage
from qwenedit_worker.errors import QueueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_jobs import Claim
    from qwenedit_worker.comfyui import Progress
    from qwenedit_worker.ports import Queue

PHASES = {
    Stage.QUEUED: Phase.STARTING,
    Stage.STARTING: Phase.STARTING,
    Stage.EDITING: Phase.EDITING,
    Stage.SENDING: Phase.SENDING,
}


class ProgressReporter:
    """Writes the latest progress into the job; what is outdated before it could be written is left out.

    Args:
        queue: Where the job is.
        claim: The job and its token.
        on_change: Called when Redis answers that the lease is not what it was.
    """

    def __init__(self, queue: Queue, claim: Claim, *, on_change: Callable[[], None]) -> None:
        self._queue = queue
        self._claim = claim
        self._on_change = on_change
        self._news = asyncio.Event()
        self._latest = (Phase.STARTING, 0, 0)

    def show(self, progress: Progress) -> None:
        """Note how far the edit is."""
        latest = (PHASES[progress.stage], progress.step, progress.steps)
        if latest != self._latest:
            self._latest = latest
            self._news.set()

    async def run(self) -> None:
        """Write what is noted, for ever. Progress that Redis does not take is lost: the next one follows."""
        while True:
            await self._news.wait()
            self._news.clear()
            phase, step, steps = self._latest
            try:
                answer = await self._queue.progress(
                    self._claim.job.id, self._claim.token, phase, step=step, steps=steps
                )
            except QueueUnavailableError:
                continue
            if answer is not Lease.HELD:
                self._on_change()
