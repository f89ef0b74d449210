"""What a worker without a job costs: commands that Redis executes, and its own CPU time."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.peers.harness import Harness
from local_stack import ComfyUISimulator, Part, bare_environment, worker
from qwenedit_jobs import RedisSettings, connect
from qwenedit_testkit.processes import processor_seconds

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

    from benchmarks.peers.catalogue import Peer

SETTLING = 15.0
"""Seconds from a worker's first job until it surely is idle, and its waits have their longest."""


@dataclass(slots=True)
class Idleness:
    """What one idle worker costs in a minute."""

    commands: float
    """Executed by Redis, those inside scripts included."""
    cpu: float
    """Seconds of the worker's process."""


async def measure(peer: Peer, folder: Path, *, seconds: float) -> Idleness:
    """Look at an idle worker for so many seconds."""
    async with Harness(peer, folder) as harness, AsyncExitStack() as stack:
        part: Part
        if peer.name == "ours":  # all of it, as it is deployed
            comfyui = ComfyUISimulator(env=bare_environment(), data_dir=folder / "comfyui")
            part = worker(env=bare_environment(), redis_url=harness.redis.url, comfyui_url=comfyui.url)
            for each in (comfyui, part):
                await each.start(timeout=60)
                stack.push_async_callback(each.kill)
        else:
            part = await harness.work()
            await harness.fill(0, 1)
            if not await harness.until(lambda: bool(harness.done(0, 1))):
                raise RuntimeError(f"{peer.name}: the worker does not work")
        redis = await stack.enter_async_context(connect(RedisSettings(redis_url=harness.redis.url)))
        await asyncio.sleep(SETTLING)
        commands, cpu = await _calls(redis), processor_seconds(part.pid)
        await asyncio.sleep(seconds)
        commands, cpu = await _calls(redis) - commands - 1, processor_seconds(part.pid) - cpu  # our own question is one
    return Idleness(commands=commands * 60 / seconds, cpu=cpu * 60 / seconds)


async def _calls(redis: Redis) -> int:
    stats = await redis.info("commandstats")
    return sum(int(each["calls"]) for each in stats.values())
