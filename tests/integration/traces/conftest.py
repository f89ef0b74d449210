"""The whole product as processes, and a collector that they export to."""

from __future__ import annotations

import asyncio
import io
import random
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest
from PIL import Image

from comfyui_simulator.client import SimulatorControl
from local_stack import (
    SIMULATED_TOKEN,
    ComfyUISimulator,
    Part,
    RedisServer,
    Service,
    TelegramSimulator,
    bare_environment,
    bot,
    worker,
)
from qwenedit_bot.edits.requests.job_ids import JobIds
from qwenedit_jobs import JobQueue, Keys, RedisSettings, connect
from qwenedit_testkit.traces.collector import Collector
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from redis.asyncio import Redis

    from qwenedit_testkit.traces.model import Trace
    from telegram_simulator.client import Person

STEP_SECONDS = 0.1


@dataclass
class Installation:
    """All parts, one worker; both services log and trace all there is."""

    collector: Collector
    bot: Service
    worker: Service
    chats: Chats
    control: SimulatorControl
    client: Redis
    queue: JobQueue

    async def trace(self, person: Person, message: int, *, lost_parents: int = 0) -> Trace:
        """Return the trace of the job that a message has asked for."""
        return await self.collector.trace_of(
            JobIds(SIMULATED_TOKEN)(person.chat_id, message), lost_parents=lost_parents
        )

    async def metrics(self, service: Service) -> str:
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        async with (
            aiohttp.ClientSession(headers=accept) as session,
            session.get(f"{service.probe_url}/metrics") as answer,
        ):
            return await answer.text()


@pytest.fixture
def photo() -> bytes:
    """Noise, so that any few bytes of it would be recognised."""
    data = io.BytesIO()
    noise = random.Random(7).randbytes(160 * 120 * 3)  # noqa: S311 - a picture
    Image.frombytes("RGB", (160, 120), noise).save(data, "JPEG")
    return data.getvalue()


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector() as collector:
        yield collector


@pytest.fixture
def more() -> dict[str, str]:
    """More of the services' environment; for a module to override."""
    return {}


@pytest.fixture
async def installation(tmp_path: Path, collector: Collector, more: dict[str, str]) -> AsyncIterator[Installation]:
    env = bare_environment(
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
        OTEL_BSP_SCHEDULE_DELAY="200",
        RETRY_DELAYS="0",
        BOT_LOG_LEVEL="DEBUG",
        WORKER_LOG_LEVEL="DEBUG",
        NODE_NAME="node-7",
        POD_NAMESPACE="pictures",
        **more,
    )
    redis = RedisServer(tmp_path / "redis", persistent=False)
    telegram = TelegramSimulator(env=bare_environment())
    comfyui = ComfyUISimulator(env=bare_environment(), data_dir=tmp_path / "comfyui", step_seconds=STEP_SECONDS)
    the_bot = bot(
        env={**env, "POD_NAME": "bot-0"}, redis_url=redis.url, token=SIMULATED_TOKEN, telegram_url=telegram.url
    )
    the_worker = worker(env={**env, "POD_NAME": "worker-0"}, redis_url=redis.url, comfyui_url=comfyui.url)
    parts = (redis, telegram, comfyui, the_bot, the_worker)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_kill, parts)
        await asyncio.gather(redis.start(), telegram.start(), comfyui.start())
        await asyncio.gather(the_bot.start(), the_worker.start())
        client = await stack.enter_async_context(connect(RedisSettings(redis_url=redis.url)))
        yield Installation(
            collector=collector,
            bot=the_bot,
            worker=the_worker,
            chats=await stack.enter_async_context(Chats(telegram.url)),
            control=await stack.enter_async_context(SimulatorControl(comfyui.url)),
            client=client,
            queue=JobQueue(client, Keys()),
        )


async def _kill(parts: Sequence[Part]) -> None:
    for part in reversed(parts):
        if part.running:
            await part.kill()
        print(f"--- {part.name}", *part.lines, sep="\n")  # noqa: T201 - pytest shows it where the test failed
