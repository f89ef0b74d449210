"""Counts how often a job came back to this worker unharmed, and stops that."""

from __future__ import annotations

from collections import OrderedDict

SUSPICION = 3
"""So many times a job may come back unharmed to the same worker; the last of them counts as an attempt."""
REMEMBERED = 1000
"""Jobs, the latest ones."""


class Returns:
    """Counts, for each job, how often it came back."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, int] = OrderedDict()

    def again(self, job_id: str) -> bool:
        """Note that a job came back; says whether it may do so unharmed."""
        times = self._times.pop(job_id, 0) + 1
        self._times[job_id] = times
        while len(self._times) > REMEMBERED:
            self._times.popitem(last=False)
        return times < SUSPICION

    def ended(self, job_id: str) -> None:
        """Forget a job that has ended."""
        self._times.pop(job_id, None)
