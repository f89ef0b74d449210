"""One policy over some days of one kind of traffic, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.scaling.cluster import Cluster
from benchmarks.scaling.keda import Keda
from benchmarks.scaling.oracle import oracle
from benchmarks.scaling.policies import Length, Wait
from benchmarks.scaling.traffic import DAY
from qwenedit_bot.scaling.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.scaling.cluster import Spent
    from benchmarks.scaling.traffic import Arrival

MOST = 8
"""Workers at most."""
SHORTEST, LONGEST = 30.0, 600.0
"""Seconds from a node's order until it is up."""
STABLE_BY_WAIT = 60.0
"""Seconds that the chart stabilizes the scale-down with `by: wait`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy did."""

    gpu: float
    """Seconds that nodes were paid for."""
    busy: float
    p50: float
    p95: float
    late: float
    """Share of the photos whose picture came later than the target."""
    flaps: float
    """An hour."""
    nodes: int


def node_start(seed: int, seeds: int) -> float:
    """Return the start of a seed's nodes: from the shortest to the longest, evenly in their logarithm."""
    share = (seed + 0.5) / seeds
    return float(SHORTEST * (LONGEST / SHORTEST) ** share)


def by_length(photos: list[Arrival], *, start: float, seed: int, jobs_per_worker: int, target: float) -> Outcome:
    """Scale by the line's length."""
    cluster = Cluster(node_start=start, seed=seed)
    Keda(cluster, Length(cluster, jobs_per_worker=jobs_per_worker), most=MOST)
    cluster.run(photos)
    return outcome(cluster.spent, photos, target=target)


def by_wait(
    photos: list[Arrival], *, start: float, seed: int, target: float, stable: float = STABLE_BY_WAIT
) -> Outcome:
    """Scale by the wait."""
    cluster = Cluster(node_start=start, seed=seed)
    Keda(cluster, Wait(cluster, Policy(target=target, maximum=MOST)), most=MOST, stable=stable)
    cluster.run(photos)
    return outcome(cluster.spent, photos, target=target)


def by_oracle(photos: list[Arrival], *, start: float, wait: float, target: float) -> Outcome:
    """Know the future, and keep a wait."""
    return outcome(oracle(photos, target=wait, node_start=start, most=MOST), photos, target=target)


def outcome(spent: Spent, photos: Sequence[Arrival], *, target: float) -> Outcome:
    """Sum up what came of it."""
    waits = sorted(spent.waits)
    hours = max(photos[-1].at, DAY) / 3600
    return Outcome(
        gpu=spent.gpu,
        busy=spent.busy,
        p50=_share(waits, 0.5),
        p95=_share(waits, 0.95),
        late=sum(wait > target for wait in waits) / len(waits),
        flaps=spent.flaps / hours,
        nodes=spent.nodes,
    )


def _share(waits: list[float], share: float) -> float:
    return waits[int(share * (len(waits) - 1))]
