"""Reports a job's outcome to Redis, and retries until Redis confirms it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import Done, Fail, Lease, PictureStoreUnavailableError, Reason, Release, Result, Settled, result_ref
from qwenedit_jobs.backoff import Backoff, pause
from qwenedit_worker.common.errors import QueueForbiddenError, QueueStorageFullError, QueueUnavailableError
from qwenedit_worker.common.waiting import Signal, unless
from qwenedit_worker.loop.outcomes import AttemptOutcome, Finished, JobCancelled, LeaseLost

if TYPE_CHECKING:
    from qwenedit_jobs import Claim, Leases, PictureStore
    from qwenedit_jobs.model import Outcome
    from qwenedit_worker.health.activity import Activity
    from qwenedit_worker.health.shutdown import Shutdown
    from qwenedit_worker.loop.lease import LeaseKeeper


log = structlog.get_logger(__name__)


class Settlement:
    """Submits outcomes.

    Args:
        queue: Takes the outcome, with the result's picture if Redis keeps it.
        pictures: The picture store.
        activity: Records that the worker waits for Redis and doesn't hang.
        shutdown: Ends the wait for Redis.
    """

    def __init__(self, *, queue: Leases, pictures: PictureStore, activity: Activity, shutdown: Shutdown) -> None:
        self._queue = queue
        self._pictures = pictures
        self._activity = activity
        self._shutdown = shutdown

    async def settle(self, claim: Claim, outcome: AttemptOutcome, lease: LeaseKeeper) -> Settled:
        """Report the job's outcome, however long Redis or the picture store is down.

        The job's token decides whether the outcome counts. If the token is no longer valid, a call whose reply was lost
        may have settled the job: repeating it returns the same, without sending the picture again.

        Args:
            claim: The job.
            outcome: How the attempt ended.
            lease: Renewed meanwhile: an upload may outlast a lease.

        Returns:
            The job's next state; `LOST` also if the worker had to leave before Redis replied.
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
                if clock() - full_since >= 10 and isinstance(outcome, Finished):  # the next job waits
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
        """Return the signal that ends the retries.

        After a rollback, Redis' users have the older version's rights while this worker leaves.
        """
        return self._shutdown.leaving if isinstance(error, QueueForbiddenError) else self._shutdown.abandoning

    async def _deposit(self, claim: Claim, outcome: Finished) -> bytes:
        """Store a result, once; returns the picture if Redis stores it with the outcome."""
        data = await unless(self._shutdown.abandoning, self._pictures.deposit(_ref(claim), outcome.result.png))
        if data is None:
            raise PictureStoreUnavailableError("the worker was told to leave at once")
        return data


def _ref(claim: Claim) -> str:
    return result_ref(claim.job.id, claim.attempt, claim.token)


def _said(claim: Claim, outcome: Finished | JobCancelled | Outcome, data: bytes | None, *, lost: bool) -> Outcome:
    """Return an outcome in the queue's form, with the picture for Redis unless it was sent before."""
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
