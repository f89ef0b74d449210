"""How long a line takes with so many workers: the same arithmetic as what users are told, for each number at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwenedit_bot.scaling.free_workers import FreeWorkers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qwenedit_bot.scaling.scene import Batch, RunningJob

DURATION = 60.0
"""Seconds that a job is assumed to take where no time of any workflow is known yet."""
COLD_START = 300.0
"""Seconds that a worker is assumed to take until it is ready, where none was measured yet."""
PARTS = 100
"""Parts that a line is forecast in; the jobs of a part have one forecast."""
USUALLY = 0.95
"""Of the jobs in line, for which a forecast is told."""
RECENT = 60.0
"""Seconds of each of the three periods in which jobs must have come, so that more are expected."""
EXPECTED = 30
"""Parts at most of the jobs that are expected."""
AS_LONG_AGAIN = 0.25
"""Of the seconds that a job or a cold start has taken, which it takes at least from now on: longer than usual once,
longer still."""


@dataclass(slots=True)
class Times:
    """What is known of times, and what has to be assumed."""

    durations: Mapping[str, float]
    cold_start_measured: float | None
    assumed: set[str] = field(default_factory=set)
    """What was asked for, and is not known."""

    def duration(self, workflow: str) -> float:
        """Return how long a job usually takes; that of other workflows stands for one that nobody knows."""
        known = self.durations.get(workflow)
        if known is not None and _sound(known):
            return known
        self.assumed.add(f"duration:{workflow}")
        return max((each for each in self.durations.values() if _sound(each)), default=DURATION)

    def cold_start(self) -> float:
        """Return how long a worker usually takes from its order until it is ready."""
        if self.cold_start_measured is not None and _sound(self.cold_start_measured):
            return self.cold_start_measured
        self.assumed.add("cold_start")
        return COLD_START

    def left(self, job: RunningJob) -> float:
        """Return how long a job in hand still takes."""
        elapsed = sane(job.elapsed)
        return max(self.duration(job.workflow) - elapsed, AS_LONG_AGAIN * elapsed)


@dataclass(frozen=True, slots=True)
class Part:
    """Jobs of a line that have one forecast."""

    jobs: int
    seconds: float
    """That each takes, on average."""
    waited: float
    """Seconds since the acceptance of the one that has waited longest; below 0: until one is expected."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long each part of a line will have taken, from acceptance to picture."""

    line: tuple[Part, ...]
    waits: tuple[float, ...]
    """Seconds, one for each part."""

    def late(self, limits: Iterable[float]) -> int:
        """Count the jobs beyond a limit of their own."""
        return sum(part.jobs for part, wait, limit in zip(self.line, self.waits, limits, strict=True) if wait > limit)

    def lateness(self, target: float) -> float:
        """Return the seconds beyond the target of all jobs together."""
        return sum(part.jobs * max(0.0, wait - target) for part, wait in zip(self.line, self.waits, strict=True))

    def usual_worst(self) -> float:
        """Return the seconds within which 95 of 100 jobs are done."""
        left = USUALLY * sum(part.jobs for part in self.line)
        for wait, jobs in sorted((wait, part.jobs) for part, wait in zip(self.line, self.waits, strict=True)):
            left -= jobs
            if left <= 0:
                return wait
        return 0.0


def parts(line: Iterable[Batch], times: Times) -> tuple[Part, ...]:
    """Cut a line into at most so many parts, in its order. A line of ten jobs has a part for each job."""
    sound = [batch for batch in line if batch.jobs > 0]
    size = max(1, math.ceil(sum(batch.jobs for batch in sound) / PARTS))
    found: list[Part] = []
    jobs, seconds, waited = 0, 0.0, 0.0
    for taken, each, first_waited in _pieces(sound, times, size):
        if jobs + taken > size:
            found.append(Part(jobs, seconds / jobs, waited))
            jobs, seconds, waited = 0, 0.0, 0.0
        jobs, seconds, waited = jobs + taken, seconds + taken * each, max(waited, first_waited)
    if jobs:
        found.append(Part(jobs, seconds / jobs, waited))
    return tuple(found)


def _pieces(line: Iterable[Batch], times: Times, size: int) -> Iterator[tuple[int, float, float]]:
    """Cut batches into pieces of at most so many jobs; yields jobs, seconds each, and how long the first has waited."""
    for batch in line:
        seconds = times.duration(batch.workflow)
        waited = sane(batch.waited)
        last_waited = waited if batch.last_waited is None else sane(batch.last_waited)
        step = (last_waited - waited) / max(1, batch.jobs - 1)
        for first in range(0, batch.jobs, size):
            yield min(size, batch.jobs - first), seconds, waited + first * step


def expected(line: tuple[Part, ...], horizon: float) -> tuple[Part, ...]:
    """Expect that jobs go on coming as they did, where they came in each of the last three minutes.

    Only waiting jobs are looked at. A burst, however large, is over within one or two of these minutes, and no more is
    expected after it. A crowd leaves a line that grows.

    Args:
        line: The waiting jobs.
        horizon: Seconds from now.
    """
    came = [0, 0, 0]
    for part in line:
        if part.waited < len(came) * RECENT:
            came[int(part.waited / RECENT)] += part.jobs
    rate = min(came) / RECENT
    jobs = int(rate * horizon)
    if not jobs:
        return ()
    seconds = sum(part.jobs * part.seconds for part in line) / sum(part.jobs for part in line)
    size = math.ceil(jobs / EXPECTED)
    return tuple(Part(size, seconds, -number * size / rate) for number in range(1, jobs // size + 1))


def forecast(line: tuple[Part, ...], free_in: Iterable[float]) -> Forecast:
    """Have workers do a line.

    Args:
        line: Its parts.
        free_in: Seconds until each worker is free; without one nothing is ever done.
    """
    workers = list(free_in)
    if not workers:
        return Forecast(line, (math.inf,) * len(line))
    free = FreeWorkers(workers)
    waits = (part.waited + free.do(part.jobs, part.seconds, after=-part.waited) for part in line)
    return Forecast(line, tuple(waits))


def sane(seconds: float) -> float:
    """Return seconds since something; what a clock that was set back makes of it counts as none."""
    return seconds if math.isfinite(seconds) and seconds > 0 else 0.0


def _sound(seconds: float) -> bool:
    return math.isfinite(seconds) and seconds > 0
