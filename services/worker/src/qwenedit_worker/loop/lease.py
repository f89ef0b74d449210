"""Renews the worker's lease on a job while the job is executed."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import Lease
from qwenedit_jobs.backoff import Backoff
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.common.waiting import set_within

if TYPE_CHECKING:
    from qwenedit_jobs import Claim, JobQueue
    from qwenedit_worker.telemetry.metrics import Metrics

LAST_WORD = 1.0
"""Seconds that a worker which slept through its lease (a stopped process) still waits for Redis' word."""

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
    """Renews one job's lease, every third of it.

    Args:
        queue: Where the lease is.
        claim: The job and its token.
        lease: Seconds.
        since: On the event loop's clock, when the claim was sent or, of one that waited, when its reply came.
        metrics: Counts renewals that failed.
    """

    def __init__(self, queue: JobQueue, claim: Claim, *, lease: float, since: float, metrics: Metrics) -> None:
        self._queue = queue
        self._claim = claim
        self._lease = lease
        self._expires = since + lease
        self.due = since + lease / 3
        """When it is to be renewed for the first time, on the event loop's clock."""
        self._metrics = metrics
        self._nudged = asyncio.Event()

    def nudge(self) -> None:
        """Ask Redis at once: something about the job has changed."""
        self._nudged.set()

    async def keep(self) -> LeaseEnd:
        """Renew until the job must be stopped; returns why. Need not be begun before the first renewal is due."""
        clock = asyncio.get_running_loop().time
        backoff = Backoff()
        pause = max(self.due - clock(), 0.0)
        while True:
            await set_within(self._nudged, pause)
            self._nudged.clear()
            sent = clock()
            try:
                # Redis' word counts, even late: only where there is none does this process' own clock decide.
                async with asyncio.timeout_at(max(self._expires, sent + LAST_WORD)):
                    answer = await self._queue.renew(self._claim.job.id, self._claim.token, lease=self._lease)
            except (QueueUnavailableError, TimeoutError):
                self._metrics.lease_renewals_failed.inc()
                left = self._expires - clock()
                if left <= 0:
                    return LeaseEnd.EXPIRED
                pause = min(backoff.next(), left)
                continue
            match answer:
                case Lease.CANCELLED:
                    return LeaseEnd.CANCELLED
                case Lease.LOST:
                    return LeaseEnd.LOST
                case Lease.HELD:
                    log.debug("lease.renewed", seconds=self._lease)
                    backoff.reset()
                    pause = self._lease / 3
                    self._expires = sent + self._lease
