"""Tells Kubernetes which workers have a job, so that a scale-in and autoscalers of nodes take the idle ones.

KEDA says how many workers there are, the ReplicaSet which of them go: among equals those with the lowest
`controller.kubernetes.io/pod-deletion-cost`. Karpenter and the cluster autoscaler leave a node alone while a pod on it
asks for that. Draining makes any choice safe; this makes the costly one rare.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.errors import KubernetesError

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_bot.upkeep.worker_pods import WorkerPod, WorkerPods
    from qwenedit_jobs import JobQueue

TICK = 1.0
"""Seconds between two looks at the jobs: the most that the annotations are behind."""
COMPARE_EVERY = 60.0
"""Seconds after which the pods are looked at although no job began or ended."""
IDLE_AFTER = 60.0
"""Seconds without a job after which a ready worker no longer holds its node."""
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
BUSY = 1000
"""Above the 0 that a pod without the annotation costs."""
HOLD = {"karpenter.sh/do-not-disrupt": "true", "cluster-autoscaler.kubernetes.io/safe-to-evict": "false"}
"""Keep a node where it is. A pod has them from its start, so that it holds its node until it is proven idle."""
LET_GO = {"karpenter.sh/do-not-disrupt": "false", "cluster-autoscaler.kubernetes.io/safe-to-evict": "true"}

log = structlog.get_logger(__name__)


class PodAnnotations:
    """Keeps the annotations of the workers' pods right.

    Args:
        queue: Knows which workers have a job.
        pods: The workers' pods.
        release_idle_nodes: Take the hold of a node back while its workers are idle. Pods that do not have these
            annotations from their start never get them.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        queue: JobQueue,
        pods: WorkerPods,
        release_idle_nodes: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queue = queue
        self._pods = pods
        self._release_idle_nodes = release_idle_nodes
        self._clock = clock
        self._idle_since: dict[str, float] = {}
        self._told: frozenset[str] | None = None
        self._compare_at = 0.0
        self._problem = ""

    async def tick(self) -> None:
        """Make one round; what Kubernetes refuses is logged, and tried again the next time."""
        busy = frozenset(await self._queue.busy_workers())
        if busy == self._told and self._clock() < self._compare_at:
            return
        try:
            pods = await self._pods.there()
            self._note_idle(pods, busy)
            for pod in pods:
                if changes := self._changes(pod, busy=pod.name in busy):
                    await self._pods.annotate(pod.name, changes)
        except KubernetesError as error:
            self._told = None
            if str(error) != self._problem:
                log.warning("worker_pods.not_annotated", reason=str(error))
            self._problem = str(error)
            return
        if self._problem:
            log.info("worker_pods.recovered")
        self._problem = ""
        self._told = busy
        self._compare_at = min(self._clock() + COMPARE_EVERY, *self._release_times())

    def _note_idle(self, pods: list[WorkerPod], busy: frozenset[str]) -> None:
        """Remember since when each pod is known to be ready and without a job; a leader that is new knows nothing."""
        now = self._clock()
        self._idle_since = {
            pod.name: self._idle_since.get(pod.name, now) for pod in pods if pod.ready and pod.name not in busy
        }

    def _release_times(self) -> list[float]:
        now = self._clock()
        due = [since + IDLE_AFTER for since in self._idle_since.values()] if self._release_idle_nodes else []
        return [at for at in due if at > now] or [now + COMPARE_EVERY]

    def _changes(self, pod: WorkerPod, *, busy: bool) -> dict[str, str]:
        """Return the annotations that a pod lacks."""
        due = {DELETION_COST: str(BUSY if busy else 0)}
        if self._release_idle_nodes:
            node = HOLD if busy else LET_GO if self._is_idle(pod) else {}
            due |= {name: value for name, value in node.items() if name in pod.annotations}
        there = {DELETION_COST: "0", **pod.annotations}
        return {name: value for name, value in due.items() if there.get(name) != value}

    def _is_idle(self, pod: WorkerPod) -> bool:
        since = self._idle_since.get(pod.name)
        return since is not None and self._clock() - since >= IDLE_AFTER
