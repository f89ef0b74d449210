"""Counts how often one worker gives the same job back without counting the attempt."""

from __future__ import annotations

from collections import OrderedDict

MAX_RELEASES = 3
"""Times that a job may come back to the same worker; the last of them counts as an attempt."""
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 120.0
"""Seconds until a job is back in line whose pictures do not come; they double with each time."""
REMEMBERED_JOBS = 1000
"""The latest ones."""


class Returns:
    """Counts, for each job, how often this worker gave it back."""

    def __init__(self) -> None:
        self._returns: OrderedDict[str, int] = OrderedDict()

    def allowed(self, job_id: str) -> bool:
        """Count a return; says whether the job may go back without a counted attempt."""
        return self._count(job_id) < MAX_RELEASES

    def pause(self, job_id: str) -> float:
        """Count a return; says after how many seconds the job may come again."""
        return min(FIRST_PAUSE * 2.0 ** min(self._count(job_id) - 1, 10), LONGEST_PAUSE)

    def forget(self, job_id: str) -> None:
        """Forget a job that has ended."""
        self._returns.pop(job_id, None)

    def _count(self, job_id: str) -> int:
        returns = self._returns.pop(job_id, 0) + 1
        self._returns[job_id] = returns
        while len(self._returns) > REMEMBERED_JOBS:
            self._returns.popitem(last=False)
        return returns
