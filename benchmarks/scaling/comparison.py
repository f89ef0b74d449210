"""GPU seconds at equal p95: what the line's length would have cost for the waits that scaling by wait had.

Each number of jobs a worker is a point: its p95 and its GPU seconds. Between two of these points lies what an operator
gets who has the one for a part of the time and the other for the rest. A p95 below that of one job a worker has no such
point; scaling by wait is then held against one job a worker, which waits longer.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.scaling.runs import Outcome


@dataclass(frozen=True, slots=True)
class Seed:
    """What all policies did with the same photos and nodes."""

    start: float
    length: Mapping[int, Outcome]
    """By jobs a worker."""
    wait: Mapping[float, Outcome]
    """By target."""
    oracle: Mapping[float, Outcome]
    """That keeps the p95 of the wait with the same target."""


def at_equal_p95(points: Sequence[Outcome], p95: float) -> float:
    """Return the GPU seconds of the cheapest mix of points that has a p95."""
    front: list[Outcome] = []
    for point in sorted(points, key=lambda each: (each.p95, each.gpu)):
        if not front or point.gpu < front[-1].gpu:
            front.append(point)
    if p95 <= front[0].p95:
        return front[0].gpu
    for better, cheaper in itertools.pairwise(front):
        if p95 <= cheaper.p95:
            part = (p95 - better.p95) / (cheaper.p95 - better.p95)
            return better.gpu + part * (cheaper.gpu - better.gpu)
    return front[-1].gpu


def ratio(seeds: Sequence[Seed], target: float) -> float:
    """Return GPU seconds by wait as a share of those by length with the same p95, seed by seed."""
    wait = sum(seed.wait[target].gpu for seed in seeds)
    return wait / sum(at_equal_p95([*seed.length.values()], seed.wait[target].p95) for seed in seeds)


def ratio_to_length(seeds: Sequence[Seed], jobs_per_worker: int) -> float | None:
    """Return GPU seconds by wait, with targets that keep the p95 of one rule by length, as a share of its GPU seconds.

    None where no target keeps it: then that rule pays for a wait that scaling by wait does not offer.
    """
    wait, length = 0.0, 0.0
    for seed in seeds:
        same = seed.length[jobs_per_worker]
        if min(each.p95 for each in seed.wait.values()) > same.p95 * ALIKE:
            return None
        wait += at_equal_p95([*seed.wait.values()], same.p95)
        length += same.gpu
    return wait / length


ALIKE = 1.05
"""Times a p95 that count as the same."""


def mean(seeds: Sequence[Outcome], what: str) -> float:
    """Return the mean of one figure over seeds."""
    return float(sum(getattr(each, what) for each in seeds) / len(seeds))
