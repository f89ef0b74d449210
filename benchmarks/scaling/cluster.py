"""Nodes and worker pods as Kubernetes keeps them: which pod goes, what a node costs, and who takes the next job."""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.scaling.traffic import Arrival

LOAD = 20.0
"""Seconds, the median, until a worker is ready whose node is up."""
SPREAD = 0.15
"""Standard deviation of the logarithm of a start."""
EMPTY = 30.0
"""Seconds for which an empty node stays."""


@dataclass(slots=True)
class Node:
    """A machine with a GPU, paid from its order until it is gone."""

    ordered: float
    up_at: float
    leaves: int = 0
    """Counts how often it was about to go, so that an old plan is not carried out."""


@dataclass(slots=True)
class Pod:
    """A worker."""

    node: Node
    created: float
    ready: bool = False
    job: Arrival | None = None
    began: float = 0.0
    leaving: bool = False


@dataclass(slots=True)
class Spent:
    """What came of it."""

    waits: list[float] = field(default_factory=list)
    """Seconds from acceptance to picture, in the order of the pictures."""
    gpu: float = 0.0
    """Seconds that nodes were paid for."""
    busy: float = 0.0
    """Of these, with a job."""
    nodes: int = 0
    """That were ordered."""
    flaps: int = 0
    """Workers that were ordered within ten minutes after one was let go."""


FLAP = 600.0


class Cluster:
    """Workers, their nodes, and the line of jobs; the time is that of the event that is carried out.

    Args:
        node_start: Seconds from a node's order until it is up, the median.
        load: Seconds from a pod on a node that is up until the worker is ready, the median.
        seed: Of the starts.
    """

    def __init__(self, *, node_start: float, seed: int, load: float = LOAD) -> None:
        self.now = 0.0
        self.line: deque[Arrival] = deque()
        self.pods: list[Pod] = []
        """Those that count as replicas."""
        self.spent = Spent()
        self.ended: list[Callable[[Arrival, float], None]] = []
        """Told of each job's end, with the seconds that it took."""
        self.woke: list[Callable[[float], None]] = []
        """Told of the seconds from a job without any worker to a worker that is up, as the bot measures them."""
        self.came: Callable[[], None] = lambda: None
        """Told of each photo."""
        self.active_at = -math.inf
        """When a job was last there."""
        self._without_since: float | None = None
        self._free: list[Node] = []
        self._node_start = node_start
        self._load = load
        self._random = Random(f"cluster {seed}")
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._let_go_at = -math.inf

    def at(self, when: float, act: Callable[[], None]) -> None:
        """Have something done at a time."""
        heapq.heappush(self._events, (when, next(self._number), act))

    def run(self, arrivals: list[Arrival]) -> None:
        """Carry out all events of the photos, until the last one is answered and every node is gone."""
        events = self._events
        for photo in arrivals:
            while events and events[0][0] <= photo.at:
                self.now, _, act = heapq.heappop(events)
                act()
            self.now = photo.at
            self.line.append(photo)
            self.active_at = self.now
            if self._without_since is None and not any(pod.ready for pod in self.pods):
                self._without_since = self.now
            self.assign()
            self.came()
        while events:
            self.now, _, act = heapq.heappop(events)
            act()

    @property
    def running(self) -> list[Pod]:
        """Workers that stay and have a job: KEDA counts these."""
        return [pod for pod in self.pods if pod.job is not None]

    def scale(self, replicas: int) -> None:
        """Have so many pods, as a ReplicaSet does: those that are not ready go first, then idle ones, newest first."""
        while len(self.pods) < replicas:
            if self.now - self._let_go_at < FLAP:
                self.spent.flaps += 1
            self._order()
        if len(self.pods) > replicas:
            self._let_go_at = self.now
            keep = sorted(self.pods, key=lambda pod: (not pod.ready, pod.job is None, pod.created))
            for pod in keep[replicas:]:
                pod.leaving = True
                if pod.job is None:
                    self._vacate(pod.node)
            self.pods = keep[:replicas]
        self.assign()

    def assign(self) -> None:
        """Give waiting jobs to idle workers."""
        if not self.line:
            return
        for pod in self.pods:
            if pod.ready and pod.job is None:
                self._begin(pod, self.line.popleft())
                if not self.line:
                    return

    def _begin(self, pod: Pod, job: Arrival) -> None:
        pod.job, pod.began = job, self.now
        self.at(self.now + job.seconds, lambda: self._end(pod, job))

    def _end(self, pod: Pod, job: Arrival) -> None:
        pod.job = None
        self.active_at = self.now
        self.spent.waits.append(self.now - job.at)
        self.spent.busy += job.seconds
        for told in self.ended:
            told(job, job.seconds)
        if pod.leaving:
            self._vacate(pod.node)
        else:
            self.assign()

    def _order(self) -> None:
        if self._free:  # the one that is up soonest
            node = min(self._free, key=lambda each: each.up_at)
            self._free.remove(node)
            node.leaves += 1
        else:
            node = Node(self.now, self.now + self._node_start * self._random.lognormvariate(0, SPREAD))
            self.spent.nodes += 1
        pod = Pod(node, self.now)
        self.pods.append(pod)
        self.at(
            max(self.now, node.up_at) + self._load * self._random.lognormvariate(0, SPREAD), lambda: self._ready(pod)
        )

    def _ready(self, pod: Pod) -> None:
        if not pod.leaving:
            pod.ready = True
            if self._without_since is not None:
                for told in self.woke:
                    told(self.now - self._without_since)
                self._without_since = None
            self.assign()

    def _vacate(self, node: Node) -> None:
        """A node without a pod: one that is being made comes up first, and goes then."""
        self._free.append(node)
        node.leaves += 1
        plan = node.leaves
        self.at(max(self.now, node.up_at) + EMPTY, lambda: self._gone(node, plan))

    def _gone(self, node: Node, plan: int) -> None:
        if node.leaves == plan:
            self._free.remove(node)
            self.spent.gpu += self.now - node.ordered
