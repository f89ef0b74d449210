"""Limits how often one worker gives the same job back without counting the attempt."""

from __future__ import annotations

from collections import OrderedDict

MAX_RELEASES = 3
"""Times that a job may come back to the same worker; the last of them counts as an attempt."""
REMEMBERED_JOBS = 1000
"""The latest ones."""


class ReleaseLimit:
    """Counts, for each job, how often this worker gave it back."""

    def __init__(self) -> None:
        self._releases: OrderedDict[str, int] = OrderedDict()

    def allows(self, job_id: str) -> bool:
        """Count a release; says whether the job may go back without a counted attempt."""
        releases = self._releases.pop(job_id, 0) + 1
        self._releases[job_id] = releases
        while len(self._releases) > REMEMBERED_JOBS:
            self._releases.popitem(last=False)
        return releases < MAX_RELEASES

    def forget(self, job_id: str) -> None:
        """Forget a job that has ended."""
        self._releases.pop(job_id, None)
