"""What a decision about the number of workers rests on: the line, the jobs in hand, the workers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwenedit_bot.edits.progress.eta import Outlook


@dataclass(frozen=True, slots=True)
class Batch:
    """Jobs of one workflow that wait one behind another."""

    workflow: str
    """The empty name is the workers' own workflow, as in `Outlook.durations`."""
    jobs: int
    waited: float
    """Seconds since the first of them was accepted."""
    last_waited: float | None = None
    """Seconds since the last of them was; None: all have waited as long as the first."""


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job in hand."""

    workflow: str
    elapsed: float
    """Seconds since its attempt began."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is there at one moment."""

    outlook: Outlook
    """Time, workers that are up, pause, usual durations and cold start: `Eta.outlook` has it."""
    line: Sequence[Batch]
    """Waiting jobs, the next one first. Jobs between two attempts are left out, as KEDA leaves them out."""
    running: Sequence[RunningJob]
    """Jobs in hand of workers that stay; those of draining workers are left out, as KEDA leaves them out."""
    starting: Sequence[float] | None = None
    """Seconds since each worker was ordered that is not ready yet. None: the bot cannot see pods; it is then told from
    earlier decisions."""


def batches(jobs: Iterable[tuple[str, float]], *, length: int | None = None) -> list[Batch]:
    """Group a line, or its head, into batches.

    Args:
        jobs: Workflow and seconds waited of each job that was read, the next one first.
        length: Jobs in line, where fewer were read. The others are taken to be like those that were read.
    """
    read = list(jobs)
    line = [
        Batch(workflow, len(waited), waited[0], waited[-1])
        for workflow, group in groupby(read, key=lambda job: job[0])
        if (waited := [seconds for _workflow, seconds in group])
    ]
    unread = (length or 0) - len(read)
    if unread <= 0:
        return line
    if not read:
        return [Batch("", unread, 0.0)]
    counts: dict[str, int] = {}
    for workflow, _waited in read:
        counts[workflow] = counts.get(workflow, 0) + 1
    for workflow, count in counts.items():
        share = min(unread, -(-unread * count // len(read)))
        line.append(Batch(workflow, share, read[-1][1], 0.0))
    return line
