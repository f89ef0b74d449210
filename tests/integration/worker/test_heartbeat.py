"""What a worker says of itself in Redis while it lives."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from qwenedit_jobs import connect
from qwenedit_jobs.workers.registry import Presence, Workers
from qwenedit_testkit.waiting import eventually
from qwenedit_worker.comfyui import ComfyUIUnavailable, SystemStats
from qwenedit_worker.health.heartbeat import Heartbeat
from qwenedit_worker.redis_link import translate_errors


class Stats:
    """A ComfyUI that tells its version, or nothing."""

    def __init__(self):
        self.problem = None

    async def system_stats(self):
        if self.problem is not None:
            raise self.problem
        return SystemStats(version="0.27.0", device="RTX 4090", vram_total=24, vram_free=3)


@pytest.fixture
def workers(bench):
    return Workers(bench.redis, bench.keys)


async def there(workers):
    return (await workers.seen()).workers


@asynccontextmanager
async def beating(bench, part, stats, **connection):
    client = connect(bench.settings.model_copy(update=connection))
    heartbeat = Heartbeat(
        Presence(worker="worker-1", since=1, ready=False, draining=False, version="1.2.3"),
        register=translate_errors(Workers(client, bench.keys), part.link),
        server=stats,
        watch=part.watch,
        shutdown=bench.shutdown,
    )
    running = asyncio.create_task(heartbeat.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])
        await client.aclose()
        assert running.cancelled()


async def test_worker_is_registered_while_it_lives_and_says_goodbye(bench, workers, monkeypatch):
    monkeypatch.setattr("qwenedit_worker.timeouts.LEAVING_CALL", 60.0)
    async with bench.working() as part, beating(bench, part, Stats()):
        await eventually(lambda: there(workers))
        [seen] = await there(workers)
        assert (seen.presence.worker, seen.presence.version, seen.presence.device.name) == (
            "worker-1",
            "1.2.3",
            "RTX 4090",
        )
        assert abs(seen.at - time.time()) < 10
    assert not await there(workers)


async def test_comfyui_that_does_not_answer_is_shown_with_its_last_state(bench, workers):
    stats = Stats()
    async with bench.working() as part, beating(bench, part, stats):
        await eventually(lambda: there(workers))
        stats.problem = ComfyUIUnavailable("no reply")
        bench.shutdown.drain()

        async def draining():
            return [seen.presence.draining for seen in await there(workers)] == [True]

        await eventually(draining)
        [seen] = await there(workers)
        assert seen.presence.device.version == "0.27.0"
