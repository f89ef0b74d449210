"""Divides the worker's time into what its GPU was paid for: starting, loading models, editing, idle."""

from __future__ import annotations

import time
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.metrics_core import Metric


class GpuActivity(StrEnum):
    """What a moment of the GPU is spent on."""

    STARTING = "starting"
    """No job, and none could be taken: ComfyUI starts, restarts or lacks something."""
    LOADING = "loading"
    """A job waits for models: from the first node that loads one to the first sampling step."""
    EDITING = "editing"
    """A job runs, from its claim to its settlement, without loading and the wait inside ComfyUI."""
    IDLE = "idle"
    """No job, though one could be taken; or one that waits inside ComfyUI, which is busy with others' jobs."""


class AttemptGpuTime:
    """The time for which one attempt has the GPU.

    Attributes:
        activity: `LOADING`, `EDITING`, or `IDLE` while the job waits inside ComfyUI.
        spent: Seconds by activity, up to the last change of activity.
    """

    def __init__(self, account: Callable[[], None]) -> None:
        self.activity = GpuActivity.EDITING
        self.spent = dict.fromkeys((GpuActivity.LOADING, GpuActivity.EDITING, GpuActivity.IDLE), 0.0)
        self._account = account
        self._loaded = False

    @property
    def seconds(self) -> float:
        """Loading and editing, up to the last change of activity."""
        return self.spent[GpuActivity.LOADING] + self.spent[GpuActivity.EDITING]

    @property
    def load_seconds(self) -> float | None:
        """The part in which models were loaded; None if no load was seen from its beginning to its end."""
        return self.spent[GpuActivity.LOADING] if self._loaded else None

    def spend(self, activity: GpuActivity) -> None:
        """Set the activity from now on; an edit right after a load means that the load is complete."""
        self._account()
        self._loaded |= self.activity is GpuActivity.LOADING and activity is GpuActivity.EDITING
        self.activity = activity


class GpuTime(Collector):
    """Keeps the account and shows it to Prometheus. Its seconds always add up to the time since it was made.

    Attempts may overlap, where a job is prepared while another one is executed: the GPU is the older one's until that
    is settled, so that no second is counted twice.

    Args:
        clock: Monotonic time in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock()
        self._spent = dict.fromkeys(GpuActivity, 0.0)
        self._ready = False
        self._attempts: list[AttemptGpuTime] = []

    def ready(self, *, yes: bool) -> None:
        """Note whether a job could be taken."""
        self._account()
        self._ready = yes

    @contextmanager
    def job(self) -> Iterator[AttemptGpuTime]:
        """Count an attempt; its time is complete after the block."""
        self._account()
        attempt = AttemptGpuTime(self._account)
        self._attempts.append(attempt)
        try:
            yield attempt
        finally:
            self._account()
            self._attempts.remove(attempt)

    def collect(self) -> Iterable[Metric]:
        """Show the seconds of each activity until now."""
        self._account()
        family = CounterMetricFamily(
            "qwenedit_gpu_seconds",
            "Seconds since the worker's start by activity (starting, loading, editing, idle).",
            labels=("activity",),
        )
        for activity, seconds in self._spent.items():
            family.add_metric((activity.value,), seconds)
        yield family

    def _account(self) -> None:
        now = self._clock()
        seconds, self._since = now - self._since, now
        if self._attempts:
            activity = self._attempts[0].activity
            self._attempts[0].spent[activity] += seconds
        else:
            activity = GpuActivity.IDLE if self._ready else GpuActivity.STARTING
        self._spent[activity] += seconds
