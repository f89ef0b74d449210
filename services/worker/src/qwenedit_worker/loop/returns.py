"""Counts how often one worker gives the same job back without counting the attempt."""

from __future__ import annotations

from collections import OrderedDict

MAX_RELEASES = 3
"""Times that a job may come back to the same worker; the last of them counts as an attempt."""
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 300.0
"""Seconds until a job is back in line whose pictures do not come; they double with each time."""
REMEMBERED_JOBS = 1000
"""The latest ones."""


class Returns:
    """Counts, for each job, how often this worker gave it back, and for which of two reasons."""

    def __init__(self) -> None:
        self._refused = _Counter()
        self._without_pictures = _Counter()

    def allowed(self, job_id: str) -> bool:
        """Count a return of a job that ComfyUI did not take; says whether it may go back without a counted attempt."""
        return self._refused.count(job_id) < MAX_RELEASES

    def pause(self, job_id: str) -> float:
        """Count a return of a job whose pictures did not come; says after how many seconds it may come again."""
        return min(FIRST_PAUSE * 2.0 ** min(self._without_pictures.count(job_id) - 1, 10), LONGEST_PAUSE)

    def forget(self, job_id: str) -> None:
        """Forget a job that has ended."""
        self._refused.pop(job_id, None)
        self._without_pictures.pop(job_id, None)


class _Counter(OrderedDict[str, int]):
    def count(self, job_id: str) -> int:
        """Count one more of a job; returns how many there were."""
        count = self.pop(job_id, 0) + 1
        self[job_id] = count
        while len(self) > REMEMBERED_JOBS:
            self.popitem(last=False)
        return count
