"""A result is handed in however slow the connection is."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import Gauge

from qwenedit_jobs import Claim, Edit, Job, Lease, Settled
from qwenedit_worker.comfyui import EditResult
from qwenedit_worker.common.errors import QueueForbiddenError
from qwenedit_worker.health.activity import Activity
from qwenedit_worker.health.shutdown import Shutdown
from qwenedit_worker.loop.outcomes import Finished
from qwenedit_worker.loop.settlement import Settlement

JOB = Job(id="0123456789abcdef", user_id=1, edit=Edit(prompt="snow", pictures=("a",), seed=1), reply=None)
CLAIM = Claim(job=JOB, token="t", attempt=1, max_attempts=3, trace_context="", waited=0.0)
RENEWALS = 3


class SlowQueue:
    """Takes a picture only while its lease is renewed again and again."""

    def __init__(self) -> None:
        self.renewals = 0
        self.enough = asyncio.Event()

    async def settle(self, *_told: object, **_picture: object) -> Settled:
        await self.enough.wait()
        return Settled.DONE

    async def heartbeat(self, job_id: str, token: str, *, lease: float) -> Lease:
        assert (job_id, token, lease) == (JOB.id, "t", 0.03)
        self.renewals += 1
        if self.renewals == RENEWALS:
            self.enough.set()
        return Lease.HELD


class InPlace:
    async def deposit(self, _ref: str, data: bytes) -> bytes:
        return data


@pytest.fixture
def queue() -> SlowQueue:
    return SlowQueue()


@pytest.fixture
def settlement(queue: SlowQueue) -> Settlement:
    activity = Activity(budget=1.0, busy=Gauge("busy", "", registry=None))
    return Settlement(
        queue=queue,  # type: ignore[arg-type]
        pictures=InPlace(),  # type: ignore[arg-type]
        lease=0.03,
        activity=activity,
        shutdown=Shutdown(),
    )


async def test_lease_is_renewed_while_the_picture_is_on_its_way(queue: SlowQueue, settlement: Settlement) -> None:
    result = Finished(EditResult(png=b"png", seed=1, seconds=1.0))
    async with asyncio.timeout(20):
        assert await settlement.settle(CLAIM, result) is Settled.DONE
    assert queue.renewals == RENEWALS


class ForbiddenQueue:
    """Redis after a rollback: its user for workers may not touch a key of the newer version."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def settle(self, *_told: object, **_picture: object) -> Settled:
        self.asked.set()
        raise QueueForbiddenError("No permissions to access a key")

    async def heartbeat(self, *_told: object, lease: float) -> Lease:
        assert lease > 0
        return Lease.HELD


async def test_result_that_redis_may_not_take_keeps_a_worker_but_no_leaving_one() -> None:
    queue, shutdown = ForbiddenQueue(), Shutdown()
    settlement = Settlement(
        queue=queue,  # type: ignore[arg-type]
        pictures=InPlace(),  # type: ignore[arg-type]
        lease=30.0,
        activity=Activity(budget=1.0, busy=Gauge("busy", "", registry=None)),
        shutdown=shutdown,
    )
    settling = asyncio.create_task(settlement.settle(CLAIM, Finished(EditResult(png=b"png", seed=1, seconds=1.0))))
    async with asyncio.timeout(20):
        for _ in range(2):
            queue.asked.clear()
            await queue.asked.wait()
        assert not settling.done()
        shutdown.leave()
        assert await settling is Settled.LOST
