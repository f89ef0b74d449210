"""Divides the worker's time into what its GPU was paid for: starting, loading models, editing, idle."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.metrics_core import Metric

_STAT = Path("/proc/self/stat")
_STARTED = 19
"""Place of the process' start among the fields after its name, in ticks since boot: proc(5)."""


class GpuActivity(StrEnum):
    """What a moment of the GPU is spent on."""

    STARTING = "starting"
    """No job, and none could be taken: ComfyUI starts, restarts or lacks something."""
    LOADING = "loading"
    """A job waits for models: from the first node that loads one to the first sampling step."""
    EDITING = "editing"
    """A job is in hand, from its claim to its settlement, but for the loading and the wait inside ComfyUI."""
    IDLE = "idle"
    """No job, though one could be taken; or one that waits inside ComfyUI, which is busy with others' jobs."""


class AttemptGpuTime:
    """The time that one attempt has the GPU.

    Attributes:
        token: Of the job's claim, while the attempt is in hand.
        workflow: Names the job's workflow for metrics, as far as it is known.
    """

    def __init__(self, account: Callable[[], None], *, token: str = "", workflow: Callable[[], str] = str) -> None:
        self.token = token
        self.workflow = workflow
        self._account = account
        self._activity = GpuActivity.EDITING
        self._spent = dict.fromkeys((GpuActivity.LOADING, GpuActivity.EDITING, GpuActivity.IDLE), 0.0)
        self._loads = 0

    @property
    def activity(self) -> GpuActivity:
        """Now: `LOADING`, `EDITING`, or `IDLE` while the job waits inside ComfyUI."""
        return self._activity

    @property
    def seconds(self) -> float:
        """Loading and editing, up to the last change of activity."""
        return self._spent[GpuActivity.LOADING] + self._spent[GpuActivity.EDITING]

    @property
    def load_seconds(self) -> float | None:
        """The part in which models were loaded; None where no load was seen from its beginning to its end."""
        return self._spent[GpuActivity.LOADING] if self._loads else None

    def waits(self) -> None:
        """Note that ComfyUI has the job and has not begun it."""
        self._change_to(GpuActivity.IDLE)

    def loads(self) -> None:
        """Note that models are being loaded."""
        self._change_to(GpuActivity.LOADING)

    def edits(self, *, loaded: bool = True) -> None:
        """Note that everything else is being done; `loaded` says that a load came to its end, if there was one."""
        self._loads += loaded and self._activity is GpuActivity.LOADING
        self._change_to(GpuActivity.EDITING)

    def add(self, seconds: float) -> None:
        """Charge some time to what is being done."""
        self._spent[self._activity] += seconds

    def _change_to(self, activity: GpuActivity) -> None:
        if activity is not self._activity:
            self._account()
            self._activity = activity


class GpuTime:
    """Keeps the account. Its seconds add up to the process' age at any moment.

    Attempts may overlap, where a job is prepared while another one is executed: the GPU is the older one's until that
    is settled, so that no second is counted twice.

    Args:
        age: Seconds since the process began, in which nothing was accounted for yet; they were spent on starting.
        clock: Monotonic time in seconds.

    Attributes:
        listener: Told of each share of the account: what it was spent on, for which attempt if for one, its seconds.
    """

    def __init__(self, *, age: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._since = clock() - (process_age() if age is None else age)
        self._spent = dict.fromkeys(GpuActivity, 0.0)
        self._ready = False
        self._attempts: list[AttemptGpuTime] = []
        self.listener: Callable[[GpuActivity, AttemptGpuTime | None, float], None] = lambda *_: None

    def ready(self, *, yes: bool) -> None:
        """Note whether a job could be taken."""
        self._account()
        self._ready = yes

    @contextmanager
    def job(self, *, token: str = "", workflow: Callable[[], str] = str) -> Iterator[AttemptGpuTime]:
        """Have an attempt in hand; its time is complete after the block. See `AttemptGpuTime`."""
        self._account()
        gpu_time = AttemptGpuTime(self._account, token=token, workflow=workflow)
        self._attempts.append(gpu_time)
        try:
            yield gpu_time
        finally:
            self._account()
            self._attempts.remove(gpu_time)

    def seconds(self) -> dict[GpuActivity, float]:
        """Return the seconds of each activity until now."""
        self._account()
        return dict(self._spent)

    def _account(self) -> None:
        now = self._clock()
        spent, self._since = now - self._since, now
        attempt = self._attempts[0] if self._attempts else None
        if attempt is not None:
            attempt.add(spent)
            activity = attempt.activity
        else:
            activity = GpuActivity.IDLE if self._ready else GpuActivity.STARTING
        self._spent[activity] += spent
        self.listener(activity, None if activity is GpuActivity.IDLE else attempt, spent)


class GpuCollector(Collector):
    """Shows the account, up to the second of the scrape."""

    def __init__(self, account: GpuTime) -> None:
        self._account = account

    def collect(self) -> Iterable[Metric]:
        """Show it now."""
        family = CounterMetricFamily(
            "qwenedit_gpu_seconds",
            "Seconds of this worker's process by activity (starting, loading, editing, idle); they add up to its age.",
            labels=("activity",),
        )
        for activity, seconds in self._account.seconds().items():
            family.add_metric((activity.value,), seconds)
        yield family


def process_age() -> float:
    """Return the seconds since this process was started, to the hundredth; 0 where Linux' `/proc` is absent."""
    try:
        ticks = int(_STAT.read_text().rpartition(")")[2].split()[_STARTED])
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK"))
    except (OSError, AttributeError):
        return 0.0
