"""What the worker is busy with, for its liveness probe."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qwenedit_telemetry import HEALTHY, Health

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Gauge

MARGIN = 30.0
"""Seconds beyond a job's budget for giving up: cancelling on ComfyUI, telling Redis."""


class Activity:
    """The job in hand and its last sign of progress.

    Args:
        budget: Seconds that one attempt may take.
        busy: Shows whether there is a job.
    """

    def __init__(self, *, budget: float, busy: Gauge) -> None:
        self._patience = budget + MARGIN
        self._gauge = busy
        self._last_sign: float | None = None

    @property
    def busy(self) -> bool:
        """Whether a job is in hand."""
        return self._last_sign is not None

    @contextmanager
    def job(self) -> Iterator[None]:
        """Have a job in hand."""
        self.sign()
        self._gauge.set(1)
        try:
            yield
        finally:
            self._last_sign = None
            self._gauge.set(0)

    def sign(self) -> None:
        """Note that the job moves."""
        self._last_sign = asyncio.get_running_loop().time()

    def health(self) -> Health:
        """Fail when the job in hand has passed its budget without a sign of progress."""
        if self._last_sign is None:
            return HEALTHY
        silent = asyncio.get_running_loop().time() - self._last_sign
        if silent > self._patience:
            return Health.failing(f"the job in hand shows no progress for {silent:.0f} s")
        return HEALTHY
