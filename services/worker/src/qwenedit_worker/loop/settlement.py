"""Reports how a job ended, and repeats that until Redis has heard it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import (
    Done,
    Fail,
    Lease,
    PictureStoreUnavailableError,
    Reason,
    Release,
    Result,
    Settled,
    result_ref,
)
from qwenedit_jobs.backoff import Backoff, pause
from qwenedit_worker import timeouts
from qwenedit_worker.common.errors import QueueForbiddenError, QueueStorageFullError, QueueUnavailableError
from qwenedit_worker.common.waiting import Signal, unless
from qwenedit_worker.loop.outcomes import AttemptOutcome, Finished, JobCancelled, LeaseLost

if TYPE_CHECKING:
    from qwenedit_jobs import Claim, JobQueue, PictureStore
    from qwenedit_jobs.model import Outcome
    from qwenedit_worker.health.activity import Activity
    from qwenedit_worker.health.shutdown import Shutdown
    from qwenedit_worker.loop.lease import LeaseKeeper


log = structlog.get_logger(__name__)


class Settlement:
    """Submits outcomes.

    Args:
        queue: Takes the outcome, with the result's picture if Redis keeps it.
        pictures: Where the picture lies.
        activity: Learns that the worker waits for Redis and doesn't hang.
        shutdown: Ends the wait for an absent Redis.
    """

    def __init__(self, *, queue: JobQueue, pictures: PictureStore, activity: Activity, shutdown: Shutdown) -> None:
        self._queue = queue
        self._pictures = pictures
        self._activity = activity
        self._shutdown = shutdown

    async def settle(self, claim: Claim, outcome: AttemptOutcome, lease: LeaseKeeper) -> Settled:
        """Report the job's outcome, however long Redis or the picture store is down.

        The job's token decides whether that still counts. Where it no longer does, the call that failed may have
        settled the job: it is repeated all the same and gets the same answer, but the picture is not sent again.

        Args:
            claim: The job.
            outcome: What became of it.
            lease: Is renewed meanwhile: an upload may take longer than a lease lasts.

        Returns:
            `LOST` as well when nothing could be said before the worker had to leave; the lease runs out then.
        """
        if isinstance(outcome, LeaseLost):
            return Settled.LOST
        clock = asyncio.get_running_loop().time
        backoff, full_since = Backoff(), None
        data: bytes | None = None
        while True:
            given_up, lost = self._shutdown.abandoning, lease.word is Lease.LOST
            try:
                if isinstance(outcome, Finished) and data is None and not lost:
                    data = await self._deposit(claim, outcome)
                return await self._queue.settle(claim.job.id, claim.token, _said(claim, outcome, data, lost=lost))
            except QueueStorageFullError as error:
                full_since = full_since or clock()
                if clock() - full_since >= timeouts.RESULT_ROOM and isinstance(outcome, Finished):
                    log.error("job.no_room_for_result", bytes=len(outcome.result.png))  # noqa: TRY400 - the words say it
                    outcome = Fail(Reason.STORAGE_FULL, str(error))
            except QueueUnavailableError as error:
                given_up = self._given_up(error)
            except PictureStoreUnavailableError as error:
                log.warning("job.result_waits", error=str(error), bytes=_bytes_of(outcome))
                if lease.word is Lease.CANCELLED:
                    outcome = JobCancelled()  # whose picture need not be brought anywhere
            self._activity.sign()
            lease.look()
            if await pause(given_up, backoff.next()):
                log.error("job.not_settled", remedy="its lease runs out and it is executed again")
                return Settled.LOST

    def _given_up(self, error: QueueUnavailableError) -> Signal:
        """Return what ends the tries.

        After a rollback Redis' users have the rights of the older version. They get no others while this worker leaves.
        """
        return self._shutdown.leaving if isinstance(error, QueueForbiddenError) else self._shutdown.abandoning

    async def _deposit(self, claim: Claim, outcome: Finished) -> bytes:
        """Bring a result to where pictures lie, once; returns what Redis is to keep of it."""
        data = await unless(self._shutdown.abandoning, self._pictures.deposit(_ref(claim), outcome.result.png))
        if data is None:
            raise PictureStoreUnavailableError("the worker was told to leave at once")
        return data


def _ref(claim: Claim) -> str:
    return result_ref(claim.job.id, claim.attempt, claim.token)


def _said(claim: Claim, outcome: Finished | JobCancelled | Outcome, data: bytes | None, *, lost: bool) -> Outcome:
    """Say an outcome as the queue takes it: with the picture that Redis is to keep, unless it was sent before."""
    match outcome:
        case Finished(result):
            stored = Result(picture=_ref(claim), seed=result.seed, seconds=result.seconds)
            return Done(stored, None if lost else data or None)
        case JobCancelled():
            return Release()  # which ends a job whose user has cancelled it
        case _:
            return outcome


def _bytes_of(outcome: AttemptOutcome) -> int:
    return len(outcome.result.png) if isinstance(outcome, Finished) else 0
