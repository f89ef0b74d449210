"""What the worker is busy with, for its liveness probe."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qwenedit_telemetry import HEALTHY, Health
from qwenedit_worker import timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Gauge


class Activity:
    """The running job and its last sign of progress.

    Args:
        budget: Seconds that one attempt may take.
        busy: Shows whether there is a job.
        clock: Monotonic seconds.
    """

    def __init__(self, *, budget: float, busy: Gauge, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._patience = budget + timeouts.JOB_STALLED
        self._gauge = busy
        self._jobs = 0
        self._last_sign = 0.0

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self._jobs > 0

    @contextmanager
    def job(self) -> Iterator[None]:
        """Note a running job; its result may be submitted while the next one already runs."""
        self.sign()
        self._jobs += 1
        self._gauge.set(1)
        try:
            yield
        finally:
            self._jobs -= 1
            self._gauge.set(self.busy)

    def sign(self) -> None:
        """Note that the job moves."""
        self._last_sign = self._clock()

    def health(self) -> Health:
        """Fail if the running job has passed its budget without a sign of progress."""
        if not self.busy:
            return HEALTHY
        silent = self._clock() - self._last_sign
        if silent > self._patience:
            return Health.failing(f"the running job shows no progress for {silent:.0f} s")
        return HEALTHY
