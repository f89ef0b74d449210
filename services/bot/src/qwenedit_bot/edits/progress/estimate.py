"""How long a waiting job may still take: arithmetic on what is known of the line, the workers and recent jobs."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwenedit_jobs import Status


@dataclass(frozen=True, slots=True)
class Wait:
    """What is expected for a waiting job."""

    seconds: float | None
    """Until its picture or, while a GPU is waking, until one usually is awake; None where nobody knows yet."""
    waking: bool = False
    """No worker is up: one has to be started first."""
    paused: bool = False
    """An operator lets no job begin, for nobody knows how long."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a forecast rests on."""

    now: float
    """Seconds since the epoch, by Redis' clock."""
    workers: int
    """Workers that could take a job."""
    paused: bool
    """An operator lets no job begin."""
    durations: Mapping[str, float]
    """Workflow → seconds that a job of it usually takes a worker. The empty name is the workers' own workflow."""
    cold_start: float | None
    """Seconds from a waiting job to the first worker that is up."""


def forecast(statuses: Sequence[Status], outlook: Outlook, places: Mapping[str, int] | None = None) -> dict[str, Wait]:
    """Say for each waiting job, by its id, what to expect.

    Args:
        statuses: Unfinished jobs, those in line first and in its order.
        outlook: What is known beside them.
        places: Of the jobs in line, where not all of them are told; 1 is the next one. A job that is not told is taken
            to be like the next one that is.
    """
    waiting = [status for status in statuses if status.state is State.QUEUED]
    if outlook.paused:
        return {status.job.id: Wait(None, paused=True) for status in waiting}
    if not waiting:
        return {}
    running = [status for status in statuses if status.state is State.RUNNING]
    workers = max(outlook.workers, len(running))
    if workers == 0:
        return {status.job.id: Wait(outlook.cold_start, waking=True) for status in waiting}
    free_in = [max(0.0, (_usual(status, outlook) or 0.0) - _elapsed(status, outlook)) for status in running]
    free_in += [0.0] * (workers - len(running))
    heapq.heapify(free_in)
    waits: dict[str, Wait] = {}
    done = 0
    for number, status in enumerate(waiting, 1):
        usual = _usual(status, outlook)
        if usual is None:  # then nothing is known of those behind it either
            break
        place = number if places is None else places.get(status.job.id, done + 1)
        _let_pass(free_in, place - 1 - done, usual)
        done = place
        ready_in = heapq.heappop(free_in) + usual
        heapq.heappush(free_in, ready_in)
        waits[status.job.id] = Wait(ready_in)
    return waits


def _let_pass(free_in: list[float], jobs: int, seconds: float) -> None:
    """Let the workers do so many jobs, each of so many seconds.

    Args:
        free_in: A heap of the seconds until each worker is free, changed in place.
        jobs: How many.
        seconds: That each takes.
    """
    rounds, rest = divmod(max(0, jobs), len(free_in))
    free_in[:] = [free + rounds * seconds for free in free_in]
    for _ in range(rest):
        heapq.heapreplace(free_in, free_in[0] + seconds)


def _usual(status: Status, outlook: Outlook) -> float | None:
    return outlook.durations.get(status.job.edit.workflow or "")


def _elapsed(status: Status, outlook: Outlook) -> float:
    return outlook.now - status.started_at if status.started_at is not None else 0.0
