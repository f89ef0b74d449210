"""What became of the jobs of the last minutes, and of the attempts of each worker."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from qwenedit_jobs.model import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenedit_jobs.queue.job_records import Attempt, Record

MINUTES = 15
"""Of which `qwenedit status` tells."""
FAILING = 3
"""Attempts that fail one after the other, from which on a worker is called failing."""
LOST = "worker_lost"
"""Reason of an attempt whose lease ran out."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A worker's attempts."""

    attempts: int
    failed: int
    """That came to nothing, by no wish of a user's."""
    in_row: int = 0
    """Of these, the last ones, with no other attempt between them."""
    reasons: tuple[str, ...] = ()
    """Of those in a row, each once."""

    @property
    def failing(self) -> bool:
        """Whether the last attempts all failed, whatever the worker says of itself."""
        return self.in_row >= FAILING


@dataclass(frozen=True, slots=True)
class LostWorkers:
    """Attempts that were taken from workers which had gone silent, in the last hour."""

    times: int
    last_at: float | None
    """Seconds since the epoch, by Redis' clock."""
    jobs: tuple[str, ...]
    """Whose attempts they were, each once."""


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
        ended: Jobs that have ended.
        pausing: Jobs between two attempts.
        since: Jobs and attempts that ended before are left out.
    """
    ended, pausing = [record for record in ended if (record.finished_at or 0.0) >= since], list(pausing)
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


def lost_workers(records: Iterable[Record], *, since: float) -> LostWorkers:
    """Count the attempts of jobs that lost their worker.

    Args:
        records: Jobs in any state.
        since: Attempts that ended before are left out.
    """
    lost = [
        (each.ended_at, record.id)
        for record in {record.id: record for record in records}.values()
        for each in record.attempts
        if each.reason == LOST and each.ended_at >= since
    ]
    jobs = dict.fromkeys(job_id for _at, job_id in lost)
    return LostWorkers(len(lost), max((at for at, _id in lost), default=None), tuple(jobs))


def _by_reason(records: Iterable[Record]) -> dict[str, int]:
    return dict(Counter(record.reason or "unknown" for record in records).most_common())


def _tried(worker: str, attempts: Iterable[Attempt]) -> Tried:
    theirs = sorted((each for each in attempts if each.worker == worker), key=lambda each: each.ended_at)
    row = list(takewhile(lambda each: each.failed, reversed(theirs)))
    reasons = tuple(sorted({each.reason for each in row if each.reason}))
    return Tried(len(theirs), sum(each.failed for each in theirs), len(row), reasons)
