"""Days of traffic: when photos come, and how long each one's edit takes a worker."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR, DAY = 3600.0, 86_400.0
FAST, SLOW = "fast", "slow"
USUAL = {FAST: 10.0, SLOW: 60.0}
"""Seconds of a worker, the median."""
SPREAD = 0.2
"""Standard deviation of a duration's logarithm."""
TAIL, TAIL_FACTOR = 0.02, 3.0
"""Share of edits that take so many times as long: a model that has to be loaded anew, a large picture."""
SLOW_SHARE = 0.3


class Shape(StrEnum):
    """How photos come over the days."""

    STEADY = "steady"
    """A photo each 12 s on average, day and night."""
    EVENING = "evening"
    """Few at night, most at eight in the evening: a photo each 8 s then."""
    BURSTS = "bursts"
    """A group sends 3 to 12 photos within half a minute, on average every 40 minutes of the day; and few photos of
    others."""
    VIRAL = "viral"
    """A quiet bot, which once a day has an hour with more photos than all workers can take."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A photo that is accepted."""

    at: float
    workflow: str
    seconds: float
    """That its edit takes."""


def traffic(shape: Shape, *, days: int, seed: int) -> list[Arrival]:
    """Make the photos of so many days, in their order; the same for the same arguments."""
    random = Random(f"{shape.value} {seed}")
    end = days * DAY
    makers = {Shape.STEADY: _steady, Shape.EVENING: _evening, Shape.BURSTS: _bursts, Shape.VIRAL: _viral}
    photos = sorted(makers[shape](random, end))
    return [Arrival(at, workflow, _seconds(random, workflow)) for at, workflow in photos if at < end]


def _steady(random: Random, end: float) -> Iterator[tuple[float, str]]:
    return _poisson(random, 0.0, end, 1 / 12)


def _evening(random: Random, end: float) -> Iterator[tuple[float, str]]:
    most = 1 / 8
    for at, workflow in _poisson(random, 0.0, end, most):
        hour = (at % DAY) / HOUR
        if random.random() < 0.02 + 0.98 * math.exp(-0.5 * ((hour - 20) / 2.5) ** 2):
            yield at, workflow


def _bursts(random: Random, end: float) -> Iterator[tuple[float, str]]:
    yield from _poisson(random, 0.0, end, 1 / 1800)
    for at, workflow in _poisson(random, 0.0, end, 1 / 2400):
        if at % DAY < 7 * HOUR:
            continue
        for _ in range(random.randint(3, 12)):
            yield at + random.uniform(0, 30), workflow


def _viral(random: Random, end: float) -> Iterator[tuple[float, str]]:
    yield from _poisson(random, 0.0, end, 1 / 600)
    for day in range(math.ceil(end / DAY)):
        begin = day * DAY + random.uniform(8, 22) * HOUR
        for at, workflow in _poisson(random, begin, begin + 2 * HOUR, 0.4):
            since = (at - begin) / HOUR
            if random.random() < min(1.0, since / 0.2) * min(1.0, max(0.05, 2 * (1.5 - since))):
                yield at, workflow


def _poisson(random: Random, begin: float, end: float, rate: float) -> Iterator[tuple[float, str]]:
    at = begin
    while (at := at + random.expovariate(rate)) < end:
        yield at, SLOW if random.random() < SLOW_SHARE else FAST


def _seconds(random: Random, workflow: str) -> float:
    seconds = USUAL[workflow] * random.lognormvariate(0, SPREAD)
    return seconds * TAIL_FACTOR if random.random() < TAIL else seconds
