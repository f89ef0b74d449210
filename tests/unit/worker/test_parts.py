"""The small parts: pauses, liveness, shutdown, waiting, settings."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from prometheus_client import CollectorRegistry, Gauge

from qwenedit_worker import timeouts
from qwenedit_worker.app import _lose_patience
from qwenedit_worker.common.waiting import Signal, unless
from qwenedit_worker.health.activity import Activity
from qwenedit_worker.health.shutdown import Shutdown


def test_job_beyond_its_budget_without_progress_fails_the_workers_liveness():
    now = 1000.0
    activity = Activity(budget=10, busy=Gauge("busy", "x", registry=CollectorRegistry()), clock=lambda: now)
    assert activity.health().ok, "idle is not stuck"
    with activity.job():
        now += 10 + timeouts.JOB_STALLED
        assert activity.health().ok
        now += 1
        assert not activity.health().ok
        activity.sign()
        assert activity.health().ok
    now += 1000
    assert activity.health().ok


@pytest.mark.usefixtures("virtual_time")
async def test_leaving_worker_gives_its_job_back_before_the_grace_period_ends():
    shutdown, clock = Shutdown(), asyncio.get_running_loop().time
    patience = asyncio.create_task(_lose_patience(shutdown, 600.0))
    await asyncio.sleep(700.0)
    assert not shutdown.abandoning.is_set(), "the time runs from the wish to leave"
    asked = clock()
    shutdown.leave()
    await asyncio.wait_for(shutdown.abandoning.wait(), 3600)
    assert clock() - asked == pytest.approx(600.0, abs=1.0)
    await patience


async def test_stopped_work_leaves_no_trace_in_the_task_that_goes_on():
    event = Signal()
    asyncio.get_running_loop().call_later(0.01, event.set)

    async def clings_on():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return "done"

    assert await unless(event, clings_on()) == "done"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await asyncio.sleep(0)


@pytest.mark.parametrize("event_too", [False, True])
async def test_task_that_is_cancelled_itself_stays_cancelled(event_too):
    event = Signal()
    task = asyncio.create_task(unless(event, asyncio.sleep(60)))
    await asyncio.sleep(0)
    if event_too:
        event.set()
    task.cancel()
    await asyncio.wait([task], timeout=30)
    assert task.cancelled()
