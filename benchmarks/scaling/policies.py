"""Who says how many workers: the line's length, or the wait that users feel, by the bot's own function."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import TYPE_CHECKING, Protocol

from qwenedit_bot.edits.progress.eta import Outlook
from qwenedit_bot.scaling.decision import Memory
from qwenedit_bot.scaling.scene import RunningJob, Scene, batches
from qwenedit_bot.scaling.wanted import decide

if TYPE_CHECKING:
    from benchmarks.scaling.cluster import Cluster
    from benchmarks.scaling.traffic import Arrival
    from qwenedit_bot.scaling.policy import Policy

KEPT = 20
"""Recent durations from which the bot takes the usual one, as in `Eta`."""


class Metric(Protocol):
    """What KEDA's formula gives."""

    def value(self) -> float:
        """Return the workers that it asks for now."""
        ...


class Length:
    """`waiting + running` with a target of so many jobs a worker, as the chart has it."""

    def __init__(self, cluster: Cluster, *, jobs_per_worker: int) -> None:
        self._cluster = cluster
        self._jobs_per_worker = jobs_per_worker

    def value(self) -> float:
        """Return the workers that it asks for now."""
        return (len(self._cluster.line) + len(self._cluster.running)) / self._jobs_per_worker


class Wait:
    """What the bot's function wants, fed with what the bot would have measured by then."""

    def __init__(self, cluster: Cluster, policy: Policy) -> None:
        self._cluster = cluster
        self._policy = policy
        self._memory = Memory()
        self._recent: dict[str, deque[float]] = {}
        self._usual: dict[str, float] = {}
        self._cold_starts: deque[float] = deque(maxlen=KEPT)
        cluster.ended.append(self._learn_duration)
        cluster.woke.append(self._cold_starts.append)

    def value(self) -> float:
        """Return the workers that it asks for now: `max(wanted, running, min(waiting, 1))`, or 0 without jobs."""
        cluster = self._cluster
        now, running = cluster.now, cluster.running
        outlook = Outlook(
            now=now,
            workers=sum(pod.ready for pod in cluster.pods),
            unready=sum(not pod.ready and pod.node.up_at <= now for pod in cluster.pods),
            paused=False,
            durations=self._durations(),
            cold_start=median(self._cold_starts) if self._cold_starts else None,
        )
        line = batches((job.workflow, now - job.at) for job in cluster.line)
        in_hand = [RunningJob(pod.job.workflow, now - pod.began) for pod in running if pod.job]
        decision = decide(Scene(outlook, line, in_hand), self._policy, self._memory)
        self._memory = decision.memory
        if not line and not in_hand:  # the bot takes its number back
            return 0.0
        return max(decision.wanted, len(running), min(len(cluster.line), 1))

    def _learn_duration(self, job: Arrival, seconds: float) -> None:
        self._recent.setdefault(job.workflow, deque(maxlen=KEPT)).append(seconds)
        self._usual.pop(job.workflow, None)

    def _durations(self) -> dict[str, float]:
        for workflow, recent in self._recent.items():
            if workflow not in self._usual:
                self._usual[workflow] = median(recent)
        return self._usual
