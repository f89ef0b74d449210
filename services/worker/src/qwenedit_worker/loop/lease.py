"""Renews the worker's lease on a running job, and reports the job's progress to Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import structlog

from qwenedit_jobs import Lease, Phase
from qwenedit_jobs.backoff import Backoff, pause
from qwenedit_jobs.redis.ending import end
from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import EditStage
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.common.waiting import Signal
from qwenedit_worker.loop.outcomes import JobCancelled, LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from qwenedit_jobs import Claim, Leases
    from qwenedit_worker.comfyui import Progress
    from qwenedit_worker.telemetry.metrics import Metrics

PHASES = {
    EditStage.QUEUED: Phase.STARTING,
    EditStage.STARTING: Phase.STARTING,
    EditStage.LOADING: Phase.STARTING,
    EditStage.EDITING: Phase.EDITING,
    EditStage.SENDING: Phase.SENDING,
}

log = structlog.get_logger(__name__)


class LeaseKeeper:
    """Sends a job's heartbeats: every `timeouts.HEARTBEAT` seconds, and soon after progress.

    An async context manager. Its task starts when the first heartbeat is due: most jobs end sooner.

    Args:
        queue: Holds the lease.
        claim: The job and its token.
        lease: Seconds.
        since: When the claim was sent, or if it waited, when its reply came, on the event loop's clock.
        draining: Whether the pod is leaving.
        metrics: Counts heartbeats that failed.

    Attributes:
        ended: Set when the job must no longer run; `end` says why.
        word: Redis' last reply.
    """

    def __init__(
        self,
        queue: Leases,
        claim: Claim,
        *,
        lease: float,
        since: float,
        draining: Callable[[], bool],
        metrics: Metrics,
    ) -> None:
        self.ended = Signal()
        self.end: JobCancelled | LeaseLost | None = None
        self.word = Lease.HELD
        self._queue = queue
        self._claim = claim
        self._lease = lease
        self._expires = since + lease
        self._draining = draining
        self._metrics = metrics
        self._wanted = asyncio.Event()
        self._told = self._latest = (Phase.STARTING, 0, 0)
        self._over = False
        self._keeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._due = asyncio.get_running_loop().call_at(self._expires - self._lease + timeouts.HEARTBEAT, self.look)
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        self._over = True
        self._due.cancel()
        if (keeping := self._keeping) is None:
            return
        self._keeping = None
        await end([keeping])
        if not keeping.cancelled():
            keeping.result()

    def look(self) -> None:
        """Send a heartbeat at once: the lease is due, or the job has changed."""
        self._wanted.set()
        if self._keeping is None and not self._over:
            self._keeping = asyncio.create_task(self._keep(), name="lease")

    def show(self, progress: Progress) -> None:
        """Record the job's progress; Redis gets it soon, unless it's outdated by then."""
        phase = PHASES[progress.stage]
        latest = (phase, progress.step, progress.steps) if phase is Phase.EDITING else (phase, 0, 0)
        news = latest not in (self._latest, self._told)  # else it's written already, or about to be
        self._latest = latest
        if news:
            self.look()

    async def _keep(self) -> None:
        backoff = Backoff()
        wait = 0.0
        while not self._over:
            await pause(self._wanted, wait)
            self._wanted.clear()
            if self._latest != self._told:
                await asyncio.sleep(timeouts.PROGRESS_DELAY)
            if await self._beat():
                backoff.reset()
                wait = timeouts.HEARTBEAT - timeouts.HEARTBEAT_PACE
                await asyncio.sleep(timeouts.HEARTBEAT_PACE)
            elif self.word is Lease.LOST:
                return
            else:
                left = self._expires - asyncio.get_running_loop().time()
                wait = min(backoff.next(), left) if left > 0 else backoff.next()

    async def _beat(self) -> bool:
        """Send a heartbeat; returns whether the job is still this worker's.

        Redis' reply decides, even a late one; this process' clock decides only if there's none.
        """
        clock = asyncio.get_running_loop().time
        sent, latest = clock(), self._latest
        phase, step, steps = latest
        try:
            async with asyncio.timeout_at(max(self._expires, sent + timeouts.LATE_HEARTBEAT)):
                self.word = await self._queue.heartbeat(
                    self._claim.job.id,
                    self._claim.token,
                    lease=self._lease,
                    draining=self._draining(),
                    phase=phase if latest != self._told else None,
                    step=step,
                    steps=steps,
                )
        except (QueueUnavailableError, TimeoutError):
            self._metrics.lease_renewals_failed.inc()
            if clock() >= self._expires:
                self._stop(LeaseLost("the lease could not be renewed in time"))
            return False
        if self.word is Lease.LOST:
            self._stop(LeaseLost("the job has gone to another worker"))
            return False
        if self.word is Lease.CANCELLED:
            self._stop(JobCancelled())
        log.debug("lease.renewed", seconds=self._lease)
        self._told, self._expires = latest, sent + self._lease
        return True

    def _stop(self, why: JobCancelled | LeaseLost) -> None:
        self.end = self.end or why
        self.ended.set()
