"""How long a waiting job may still take: arithmetic on what is known of the line, the workers and recent jobs."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from qwenedit_bot.edits.progress.free_workers import FreeWorkers
from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwenedit_jobs import Status


OVERDUE = 1.5
"""Times the usual time after which something takes longer than usual, and at least `GRACE` more."""
GRACE = 15.0
"""Seconds."""
PATIENCE = 300.0
"""Seconds after which something takes long of which nobody knows the usual time."""


class Late(StrEnum):
    """Why a job takes longer than usual."""

    NO_WORKER = "no_worker"
    """None is up."""
    NOT_READY = "not_ready"
    """Some are up, and the ComfyUI of none of them answers."""
    BUSY = "busy"
    """The jobs before it take longer than usual."""
    RUNNING = "running"
    """It runs, and takes longer than usual itself."""
    PAUSED = "paused"
    """An operator lets no job begin."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What is expected for an unfinished job."""

    seconds: float | None
    """Until its picture or, while a GPU is waking, until one usually is awake; None where nobody knows yet."""
    waking: bool = False
    """No worker is up: one has to be started first."""
    paused: bool = False
    """An operator lets no job begin, for nobody knows how long."""
    late: Late | None = None
    """Why it takes longer than usual; None while it does not."""
    crowded: bool = False
    """It takes longer than it shall, and no more workers come: as many are up as the budget pays for."""
    expires_in: float | None = None
    """Seconds within which a late job must begin; later it fails instead."""


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
    unready: int = 0
    """Workers that are up and whose ComfyUI does not answer."""
    most: int | None = None
    """Workers that the budget pays for; None: there is no budget."""
    target: float = math.inf
    """Seconds from a job's acceptance to its picture that users shall wait at most."""

    @property
    def full(self) -> bool:
        """Whether as many workers are up as the budget pays for."""
        return self.most is not None and self.workers + self.unready >= self.most


def forecast(statuses: Sequence[Status], outlook: Outlook, places: Mapping[str, int] | None = None) -> dict[str, Wait]:
    """Say for each waiting job, by its id, what to expect, and which of the running ones take longer than usual.

    Args:
        statuses: Unfinished jobs, those in line first and in its order.
        outlook: What is known beside them.
        places: Of the jobs in line, where not all of them are told; 1 is the next one. A job that is not told is taken
            to be like the next one that is.
    """
    waiting = [status for status in statuses if status.state is State.QUEUED]
    running = [status for status in statuses if status.state is State.RUNNING]
    overdue = [status for status in running if _is_overdue(_elapsed(status, outlook), _usual(status, outlook))]
    waits = {status.job.id: Wait(None, late=Late.RUNNING) for status in overdue}
    busy = in_hand(running)
    workers = max(outlook.workers, len(busy))
    if outlook.paused:
        return waits | {status.job.id: _held(status, outlook) for status in waiting}
    if workers == 0:
        return waits | {status.job.id: _waking(status, outlook) for status in waiting}
    if len(busy) == workers and all(status.job.id in waits for status in busy):
        return waits | {status.job.id: _late(status, outlook, Late.BUSY) for status in waiting}
    return waits | _in_turn(waiting, busy, workers, outlook, places)


def in_hand(running: Iterable[Status]) -> list[Status]:
    """Return one job for each busy worker: it claims its next one while it hands in the last one's picture."""
    jobs = sorted(running, key=lambda status: status.started_at or 0.0)
    return list({status.worker or status.job.id: status for status in jobs}.values())


def _in_turn(
    waiting: Sequence[Status],
    running: Sequence[Status],
    workers: int,
    outlook: Outlook,
    places: Mapping[str, int] | None,
) -> dict[str, Wait]:
    """Have the workers do the waiting jobs one after another, as soon as they are free."""
    busy = [max(0.0, (_usual(status, outlook) or 0.0) - _elapsed(status, outlook)) for status in running]
    free = FreeWorkers(busy + [0.0] * (workers - len(running)))
    waits: dict[str, Wait] = {}
    done = 0
    for number, status in enumerate(waiting, 1):
        usual = _usual(status, outlook)
        if usual is None:  # then nothing is known of those behind it either
            break
        place = number if places is None else places.get(status.job.id, done + 1)
        ready_in = free.do(max(1, place - done), usual)
        crowded = outlook.full and _waited(status, outlook) + ready_in > outlook.target
        waits[status.job.id] = Wait(ready_in, crowded=crowded)
        done = place
    return waits


def _held(status: Status, outlook: Outlook) -> Wait:
    late = _is_overdue(_waited(status, outlook), None)
    return replace(_late(status, outlook, Late.PAUSED), paused=True) if late else Wait(None, paused=True)


def _waking(status: Status, outlook: Outlook) -> Wait:
    if not _is_overdue(_waited(status, outlook), outlook.cold_start):
        return Wait(outlook.cold_start, waking=True)
    return _late(status, outlook, Late.NOT_READY if outlook.unready else Late.NO_WORKER)


def _late(status: Status, outlook: Outlook, why: Late) -> Wait:
    left = max(0.0, status.expires_at - outlook.now) if status.expires_at is not None else None
    return Wait(None, late=why, expires_in=left)


def _is_overdue(seconds: float, usual: float | None) -> bool:
    """Whether something has taken clearly longer than usual."""
    return seconds > (PATIENCE if usual is None else max(usual * OVERDUE, usual + GRACE))


def _waited(status: Status, outlook: Outlook) -> float:
    return outlook.now - status.enqueued_at


def _usual(status: Status, outlook: Outlook) -> float | None:
    return outlook.durations.get(status.job.edit.workflow or "")


def _elapsed(status: Status, outlook: Outlook) -> float:
    return outlook.now - status.started_at if status.started_at is not None else 0.0
