"""What became of the jobs of the last minutes, and of the attempts of each worker."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwenedit_jobs.model import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenedit_jobs.queue.job_records import Attempt, Record

MINUTES = 15
"""Of which `qwenedit status` tells."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A worker's attempts."""

    attempts: int
    failed: int
    """That came to nothing, by no wish of a user's."""


@dataclass(frozen=True, slots=True)
class RecentJobs:
    """What became of jobs since a moment; of more than some thousand, the last ones."""

    since: float
    """Seconds since the epoch, by Redis' clock, as is `last_failed_at`."""
    done: int = 0
    cancelled: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    """Reason → jobs, the most frequent first."""
    last_failed_at: float | None = None
    pausing: dict[str, int] = field(default_factory=dict)
    """Reason → jobs that pause after an attempt which failed for it."""
    workers: dict[str, Tried] = field(default_factory=dict)

    @property
    def failures(self) -> int:
        """How many jobs failed."""
        return sum(self.failed.values())


def recent_jobs(ended: Iterable[Record], pausing: Iterable[Record], *, since: float) -> RecentJobs:
    """Count what became of jobs.

    Args:
        ended: Jobs that have ended since.
        pausing: Jobs between two attempts.
        since: Attempts that ended before are left out.
    """
    ended, pausing = list(ended), list(pausing)
    failed = [record for record in ended if record.state is State.FAILED]
    attempts = [
        each for record in (*ended, *pausing) for each in record.attempts if each.ended_at >= since and each.worker
    ]
    return RecentJobs(
        since=since,
        done=sum(record.state is State.DONE for record in ended),
        cancelled=sum(record.state is State.CANCELLED for record in ended),
        failed=_by_reason(failed),
        last_failed_at=max((record.finished_at for record in failed if record.finished_at), default=None),
        pausing=_by_reason(record for record in pausing if record.reason),
        workers={worker: _tried(worker, attempts) for worker in sorted({each.worker for each in attempts})},
    )


def _by_reason(records: Iterable[Record]) -> dict[str, int]:
    return dict(Counter(record.reason or "unknown" for record in records).most_common())


def _tried(worker: str, attempts: Iterable[Attempt]) -> Tried:
    theirs = [each for each in attempts if each.worker == worker]
    return Tried(len(theirs), sum(each.failed for each in theirs))
