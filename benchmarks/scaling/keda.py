"""KEDA and the HPA around a metric that a policy gives, by the rules of their documentation and source.

KEDA 2.21: without replicas the operator looks each `pollingInterval`, and scales to one where the formula is above 0.
With any number it scales to none where the formula was 0 for `cooldownPeriod`. Between one and the maximum the HPA
decides each 15 s (`replica_calculator.go`, `horizontal.go`). Replicas stay where the metric is within 10 % of them.
Else they become the metric's whole number, at most twice as many or four. They become fewer only to the greatest number
of the stabilization window.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.scaling.cluster import Cluster
    from benchmarks.scaling.policies import Metric

POLL = 2.0
SYNC = 15.0
TOLERANCE = 0.1
COOLDOWN = 300.0
STABLE = 300.0


class Keda:
    """Scales a cluster by a metric.

    Args:
        cluster: Is scaled.
        metric: Workers that the formula asks for, with a fraction where a worker takes several jobs.
        most: `maxReplicaCount`.
        stable: `stabilizationWindowSeconds` of the scale-down.
    """

    def __init__(self, cluster: Cluster, metric: Metric, *, most: int, stable: float = STABLE) -> None:
        self._cluster = cluster
        self._metric = metric
        self._most = most
        self._stable = stable
        self._asleep = True
        self._waking = False
        self._active_at = 0.0
        self._sync_at = 0.0
        self._said: list[tuple[float, int]] = []
        cluster.came = self._came

    def _came(self) -> None:
        """Plan the operator's next look, where it waits for the first job."""
        if self._asleep and not self._waking:
            self._waking = True
            self._cluster.at(_next(self._cluster.now, POLL), self._wake)

    def _wake(self) -> None:
        self._waking, self._asleep = False, False
        self._metric.value()  # the bot looks as well
        self._cluster.scale(1)
        self._sync_at = _next(self._cluster.now, SYNC)
        self._cluster.at(self._sync_at, self._sync)

    def _sync(self) -> None:
        cluster = self._cluster
        if self._asleep or cluster.now != self._sync_at:  # a look that was planned before the last worker went
            return
        now, current, metric = cluster.now, len(cluster.pods), self._metric.value()
        if metric > 0:
            self._active_at = now
        else:
            sleeps_at = _next(max(self._active_at, cluster.active_at) + COOLDOWN, POLL)
            if sleeps_at <= now + SYNC:
                cluster.at(max(now, sleeps_at), self._sleep)
        wanted = current
        if abs(1.0 - metric / current) > TOLERANCE:
            wanted = max(1, min(self._most, math.ceil(metric), max(2 * current, 4)))
        said = [each for each in self._said if now - each[0] < self._stable and each[1] > wanted]
        self._said = [*said, (now, wanted)]
        # Only the scale-down is stabilized: what was said before never raises the number.
        target = max(wanted, min(current, self._said[0][1]))
        if target != current:
            cluster.scale(target)
        self._sync_at = now + SYNC
        cluster.at(self._sync_at, self._sync)

    def _sleep(self) -> None:
        """Scale to none, unless a job has come."""
        cluster = self._cluster
        if not self._asleep and cluster.now - max(self._active_at, cluster.active_at) >= COOLDOWN:
            self._asleep = True
            self._said.clear()
            cluster.scale(0)


def _next(now: float, every: float) -> float:
    return (math.floor(now / every) + 1) * every
