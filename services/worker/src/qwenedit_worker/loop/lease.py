"""Keeps the worker's lease on a job while the job is executed, and tells Redis how far the job is."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import Lease, Phase
from qwenedit_jobs.backoff import Backoff
from qwenedit_worker.comfyui import Stage
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.common.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_jobs import Claim, JobQueue
    from qwenedit_worker.comfyui import Progress
    from qwenedit_worker.telemetry.metrics import Metrics

LAST_WORD = 1.0
"""Seconds that a worker which slept through its lease (a stopped process) still waits for Redis' word."""
PACE = 0.5
"""Seconds between two heartbeats, however fast the job goes."""
PHASES = {
    Stage.QUEUED: Phase.STARTING,
    Stage.STARTING: Phase.STARTING,
    Stage.LOADING: Phase.STARTING,
    Stage.EDITING: Phase.EDITING,
    Stage.SENDING: Phase.SENDING,
}

log = structlog.get_logger(__name__)


class LeaseEnd(StrEnum):
    """Why a job must not be executed any longer."""

    CANCELLED = "cancelled"
    """The user has cancelled the job."""
    LOST = "lost"
    """Somebody else has the job."""
    EXPIRED = "expired"
    """It could not be renewed in time, so somebody else may have the job."""


class LeaseKeeper:
    """Sends heartbeats of one job: every third of its lease, and soon after its progress.

    Args:
        queue: Where the lease is.
        claim: The job and its token.
        lease: Seconds.
        since: On the event loop's clock, when the claim was sent or, of one that waited, when its reply came.
        draining: Whether the pod is leaving.
        metrics: Counts heartbeats that failed.
    """

    def __init__(
        self,
        queue: JobQueue,
        claim: Claim,
        *,
        lease: float,
        since: float,
        draining: Callable[[], bool],
        metrics: Metrics,
    ) -> None:
        self._queue = queue
        self._claim = claim
        self._lease = lease
        self._expires = since + lease
        self.due = since + lease / 3
        """When it is to be renewed for the first time, on the event loop's clock."""
        self._draining = draining
        self._metrics = metrics
        self._wanted = asyncio.Event()
        self._told = self._latest = (Phase.STARTING, 0, 0)
        self._sending = self._over = False

    def look(self) -> None:
        """Ask Redis at once: something about the job has changed."""
        self._wanted.set()

    def show(self, progress: Progress) -> bool:
        """Note how far the job is; returns whether there is news for Redis. What is outdated is not told."""
        phase = PHASES[progress.stage]
        latest = (phase, progress.step, progress.steps) if phase is Phase.EDITING else (phase, 0, 0)
        if latest not in (self._latest, self._told):  # else it is told already, or about to be
            self._wanted.set()
        self._latest = latest
        return self._latest != self._told

    def finish(self) -> bool:
        """Have `keep` return after what it is sending; returns whether it is sending.

        A command that is cancelled costs its connection, and the next job the making of another one.
        """
        self._over = True
        return self._sending

    async def keep(self) -> LeaseEnd | None:
        """Send heartbeats until the job must be stopped; returns why, or None when told to finish.

        It need not be begun before the first one is due.
        """
        clock = asyncio.get_running_loop().time
        backoff = Backoff()
        pause = max(self.due - clock(), 0.0)
        while True:
            await set_within(self._wanted, pause)
            self._wanted.clear()
            sent, latest = clock(), self._latest
            answer = await self._beat(latest, until=max(self._expires, sent + LAST_WORD))
            if self._over:
                return None
            match answer:
                case None:
                    self._metrics.lease_renewals_failed.inc()
                    left = self._expires - clock()
                    if left <= 0:
                        return LeaseEnd.EXPIRED
                    pause = min(backoff.next(), left)
                case Lease.CANCELLED:
                    return LeaseEnd.CANCELLED
                case Lease.LOST:
                    return LeaseEnd.LOST
                case Lease.HELD:
                    log.debug("lease.renewed", seconds=self._lease)
                    backoff.reset()
                    self._told, self._expires = latest, sent + self._lease
                    pause = self._lease / 3 - PACE
                    await asyncio.sleep(PACE)

    async def _beat(self, latest: tuple[Phase, int, int], *, until: float) -> Lease | None:
        """Return Redis' answer, or None where there is none.

        Redis' word counts, even late: only where there is none does this process' own clock decide.
        """
        phase, step, steps = latest
        self._sending = True
        try:
            async with asyncio.timeout_at(until):
                return await self._queue.heartbeat(
                    self._claim.job.id, self._claim.token, lease=self._lease, draining=self._draining(),
                    phase=phase if latest != self._told else None, step=step, steps=steps,
                )  # fmt: skip
        except (QueueUnavailableError, TimeoutError):
            return None
        finally:
            self._sending = False
