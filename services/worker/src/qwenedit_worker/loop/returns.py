"""Counts how often one worker gives the same job back without counting the attempt."""

from __future__ import annotations

from collections import OrderedDict

MAX_RELEASES = 3
"""Times that a job may come back to the same worker; the last of them counts as an attempt."""
REMEMBERED_JOBS = 1000
"""The latest ones."""


class Returns:
    """Counts, for each job, how often ComfyUI did not take it from this worker."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, int] = OrderedDict()

    def allowed(self, job_id: str) -> bool:
        """Count a return of a job; says whether it may go back without a counted attempt."""
        count = self._counts.pop(job_id, 0) + 1
        self._counts[job_id] = count
        if len(self._counts) > REMEMBERED_JOBS:
            self._counts.popitem(last=False)
        return count < MAX_RELEASES

    def forget(self, job_id: str) -> None:
        """Forget a job that has ended."""
        self._counts.pop(job_id, None)
