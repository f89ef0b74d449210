"""A result is handed in, however long that takes; only a worker that leaves gives up."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry, Gauge

from qwenedit_jobs import Claim, Edit, Job, Lease, Settled
from qwenedit_worker.comfyui import EditResult
from qwenedit_worker.common.errors import QueueForbiddenError
from qwenedit_worker.health.activity import Activity
from qwenedit_worker.health.shutdown import Shutdown
from qwenedit_worker.loop.lease import LeaseKeeper
from qwenedit_worker.loop.outcomes import Finished
from qwenedit_worker.loop.settlement import Settlement
from qwenedit_worker.telemetry.metrics import Metrics

JOB = Job(id="0123456789abcdef", user_id=1, edit=Edit(prompt="snow", pictures=("a",), seed=1), reply=None)
CLAIM = Claim(job=JOB, token="t", attempt=1, max_attempts=3, trace_context="", waited=0.0)


class InPlace:
    async def deposit(self, _ref: str, data: bytes) -> bytes:
        return data


class ForbiddenQueue:
    """Redis after a rollback: its user for workers may not touch a key of the newer version."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def settle(self, *_told: object, **_picture: object) -> Settled:
        self.asked.set()
        raise QueueForbiddenError("No permissions to access a key")

    async def heartbeat(self, *_told: object, **_news: object) -> Lease:
        return Lease.HELD


async def test_result_that_redis_may_not_take_keeps_a_worker_but_no_leaving_one() -> None:
    queue, shutdown = ForbiddenQueue(), Shutdown()
    settlement = Settlement(
        queue=queue,  # type: ignore[arg-type]
        pictures=InPlace(),  # type: ignore[arg-type]
        activity=Activity(budget=1.0, busy=Gauge("busy", "", registry=None)),
        shutdown=shutdown,
    )
    lease = LeaseKeeper(
        queue,  # type: ignore[arg-type]
        CLAIM,
        lease=30.0,
        since=asyncio.get_running_loop().time(),
        draining=shutdown.draining.is_set,
        metrics=Metrics(CollectorRegistry()),
    )
    result = Finished(EditResult(png=b"png", seed=1, seconds=1.0))
    async with asyncio.timeout(20), lease:
        settling = asyncio.create_task(settlement.settle(CLAIM, result, lease))
        for _ in range(2):
            queue.asked.clear()
            await queue.asked.wait()
        assert not settling.done()
        shutdown.leave()
        assert await settling is Settled.LOST
