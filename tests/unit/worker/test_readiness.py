from __future__ import annotations

import asyncio
import contextlib

import pytest
from prometheus_client import CollectorRegistry, Gauge

from qwenedit_testkit.waiting import eventually
from qwenedit_worker.comfyui import Verdict
from qwenedit_worker.health.activity import Activity
from qwenedit_worker.health.comfyui_watch import JUDGE_INTERVAL, ComfyUIWatch
from qwenedit_worker.telemetry.metrics import Metrics

AWAY = 0.6
"""Seconds without a listener while a container is started again: the shortest that was seen."""


class RestartedServer:
    """Is condemned, away for a moment, and then condemned again unless somebody has looked while it was away."""

    def __init__(self) -> None:
        self.killed_at: float | None = None
        self.seen_away = False

    async def check(self) -> None:
        pass

    async def verdict(self) -> Verdict:
        now = asyncio.get_running_loop().time()
        if self.killed_at is not None and self.killed_at <= now < self.killed_at + AWAY:
            self.seen_away = True
        return Verdict(condemned=not self.seen_away, reason="idle while a prompt waits")


async def test_restart_of_a_condemned_comfyui_is_not_missed_however_short_it_is():
    assert AWAY < JUDGE_INTERVAL
    for _try in range(10):  # a machine that is too busy to look in time shows nothing
        with contextlib.suppress(TimeoutError):
            await see_a_restart()
            return
    raise AssertionError("it was missed")


async def see_a_restart() -> None:
    """Raise a `TimeoutError` where the watch did not see it."""
    server = RestartedServer()
    registry = CollectorRegistry()
    activity = Activity(budget=300, busy=Gauge("busy", "A job runs.", registry=registry))
    watch = ComfyUIWatch(server, activity=activity, metrics=Metrics(registry))
    running = asyncio.create_task(watch.run())
    try:
        await eventually(lambda: not watch.comfyui_health().ok, within=30)
        # Right after a look, when a watch at its usual pace would not look again before the server is back.
        server.killed_at = asyncio.get_running_loop().time()
        await eventually(lambda: watch.comfyui_health().ok, within=2 * AWAY)
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
