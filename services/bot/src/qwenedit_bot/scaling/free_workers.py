"""When workers are free that do a line of jobs, one job at a time and each job as soon as one of them can."""

from __future__ import annotations

import heapq
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class FreeWorkers:
    """Workers, and when each of them can begin its next job.

    Args:
        free_in: Seconds until each is free; at least one worker.
    """

    def __init__(self, free_in: Iterable[float]) -> None:
        self._free_in = list(free_in)
        heapq.heapify(self._free_in)

    def do(self, jobs: int, seconds: float, *, after: float = 0.0) -> float:
        """Have them do so many jobs, and return the seconds until the last of them is done.

        The same as one job after another, but a thousand jobs cost little more than one for each worker.

        Args:
            jobs: How many.
            seconds: That each takes.
            after: Seconds until the first of them comes.
        """
        free_in = self._free_in
        jobs = max(0, jobs)
        if after <= 0 and seconds > 0 and jobs > 2 * len(free_in):
            jobs -= self._skip(jobs, seconds)
        done = 0.0
        for _ in range(jobs):
            done = max(free_in[0], after) + seconds
            heapq.heapreplace(free_in, done)
        return done

    def _skip(self, jobs: int, seconds: float) -> int:
        """Do whole rounds at once, but the last one; returns for how many jobs."""
        free_in = self._free_in
        latest = max(free_in)
        # Until the last worker is free, each other one does as many as it can.
        before = [math.floor((latest - free) / seconds) for free in free_in]
        if (skipped := sum(before)) >= jobs:
            return 0
        rounds = max(0, (jobs - skipped) // len(free_in) - 1)
        free_in[:] = [free + (alone + rounds) * seconds for free, alone in zip(free_in, before, strict=True)]
        heapq.heapify(free_in)
        return skipped + rounds * len(free_in)
