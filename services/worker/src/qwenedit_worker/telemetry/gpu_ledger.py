"""Gathers what the GPU's seconds were spent on into reports for the ledger in Redis."""

from __future__ import annotations

import time
import uuid
from collections import Counter, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from qwenedit_jobs import Settled
from qwenedit_jobs.workers.ledger import LOST, PICTURES, Entry, Report
from qwenedit_worker.telemetry.gpu_time import GpuActivity

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_jobs.workers.registry import Heard
    from qwenedit_worker.telemetry.gpu_time import AttemptGpuTime, GpuTime

IDLE_TOLD_EVERY = 60.0
"""Seconds of idling that are told at once: an idle worker asks little of Redis."""
HOUR = 3600


class GpuLedger:
    """What was spent since the last report, by hour of Redis' clock, activity and attempt.

    A report that Redis has not confirmed is sent again as it was, so nothing is counted twice.

    Args:
        gpu: Says what is spent.
        wall: Seconds since the epoch, by this machine's clock; Redis' takes its place as soon as it is known.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self, gpu: GpuTime, *, wall: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gpu = gpu
        self._clock = clock
        self._redis_ahead = wall() - clock()
        self._price = "0"
        self._process = uuid.uuid4().hex
        self._number = 0
        self._seconds: defaultdict[tuple[int, str, AttemptGpuTime | None], float] = defaultdict(float)
        self._of_ended: defaultdict[tuple[int, str, str], float] = defaultdict(float)
        self._pictures: Counter[tuple[int, str]] = Counter()
        self._lost: list[str] = []
        self._told: set[str] = set()
        self._unheard: Report | None = None
        self._attempt_ended = False
        gpu.listener = self._spend

    def set_price(self, price: float) -> None:
        """Say what an hour of this GPU costs; 0 is unknown."""
        self._price = format(Decimal(str(price)).normalize(), "f")

    @property
    def attempt_ended(self) -> bool:
        """Whether an attempt has ended since the last report."""
        return self._attempt_ended

    @property
    def unreported(self) -> float:
        """Seconds that no report has brought into the ledger, as far as is known."""
        entries = self._unheard.entries if self._unheard is not None else ()
        unheard = sum(entry.amount for entry in entries if entry.activity != PICTURES) / 1000
        return sum(self._seconds.values()) + sum(self._of_ended.values()) + unheard

    def ended(self, attempt: AttemptGpuTime, settled: Settled) -> None:
        """Note what became of an attempt, whose time is complete."""
        self._attempt_ended = True
        if settled is Settled.DONE:
            self._pictures[self._hour(), attempt.workflow()] += 1
        # What is kept while Redis takes no reports holds no attempts, which hold jobs and their pictures.
        for key in [key for key in self._seconds if key[2] is attempt]:
            hour, activity, _ = key
            told = LOST if settled is Settled.LOST else activity
            self._of_ended[hour, told, attempt.workflow()] += self._seconds.pop(key)
        if settled is Settled.LOST and attempt.token in self._told:
            self._lost.append(attempt.token)
        self._told.discard(attempt.token)

    def report(self, *, everything: bool = False) -> Report | None:
        """Return what is to be told now; None where there is nothing.

        Args:
            everything: Also some seconds of idling.
        """
        self._gpu.seconds()
        self._attempt_ended = False
        if self._unheard is None and (everything or self._worth_telling()):
            self._number += 1
            self._unheard = Report(self._process, self._number, tuple(self._entries()), tuple(self._lost))
            self._told |= {entry.attempt for entry in self._unheard.entries if entry.attempt}
            self._seconds.clear()
            self._pictures.clear()
            self._lost.clear()
            self._of_ended.clear()
        return self._unheard

    def heard(self, heard: Heard) -> None:
        """Note what Redis has said to a sign of life with the report."""
        self._redis_ahead = heard.at - self._clock()
        if not heard.refused:
            self._unheard = None

    def _spend(self, activity: GpuActivity, attempt: AttemptGpuTime | None, seconds: float) -> None:
        if seconds:
            self._seconds[self._hour(), activity.value, attempt] += seconds

    def _hour(self) -> int:
        return int((self._clock() + self._redis_ahead) // HOUR)

    def _worth_telling(self) -> bool:
        idle = sum(seconds for (_, activity, _), seconds in self._seconds.items() if activity == GpuActivity.IDLE)
        busy = any(activity != GpuActivity.IDLE for _, activity, _ in self._seconds)
        return busy or idle >= IDLE_TOLD_EVERY or bool(self._of_ended or self._pictures or self._lost)

    def _entries(self) -> list[Entry]:
        amounts: defaultdict[tuple[int, str, str, str], float] = defaultdict(float)
        for (hour, activity, attempt), seconds in self._seconds.items():
            workflow, token = ("", "") if attempt is None else (attempt.workflow(), attempt.token)
            amounts[hour, activity, workflow, token] += seconds * 1000
        for (hour, activity, workflow), seconds in self._of_ended.items():
            amounts[hour, activity, workflow, ""] += seconds * 1000
        for (hour, workflow), count in self._pictures.items():
            amounts[hour, PICTURES, workflow, ""] += count
        return [
            Entry(float(hour * HOUR), self._price, activity, workflow, round(amount), token)
            for (hour, activity, workflow, token), amount in amounts.items() if round(amount)
        ]  # fmt: skip
