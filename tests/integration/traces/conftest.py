"""The whole product as processes, and a collector that they export to."""

from __future__ import annotations

import io
import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image

from local_stack import SIMULATED_TOKEN, Service
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_testkit.system import System
from qwenedit_testkit.traces.collector import Collector

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from comfyui_simulator.client import SimulatorControl
    from qwenedit_testkit.traces.model import Trace
    from telegram_simulator.client import Message, Person

STEP_SECONDS = 0.1


class Installation(System):
    """All parts, one worker; both services log and trace all there is."""

    def __init__(self, folder: Path, collector: Collector, more: dict[str, str]) -> None:
        env = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "RETRY_DELAYS": "0",
            "BOT_LOG_LEVEL": "DEBUG",
            "WORKER_LOG_LEVEL": "DEBUG",
            "NODE_NAME": "node-7",
            "POD_NAMESPACE": "pictures",
        }
        super().__init__(folder, env=env | more, step_seconds=STEP_SECONDS)
        self.collector = collector
        self.the_bot = self.bot(POD_NAME="bot-0")
        self.the_worker = self.worker(POD_NAME="worker-0")

    @property
    def control(self) -> SimulatorControl:
        """What ComfyUI is told to spoil."""
        return self.controls[0]

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


@pytest.fixture(scope="session")
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


@asynccontextmanager
async def installed(folder: Path, collector: Collector, more: dict[str, str]) -> AsyncIterator[Installation]:
    async with Installation(folder, collector, more) as installation:
        try:
            await installation.start(installation.the_bot, installation.the_worker)
            yield installation
        finally:
            for part in reversed(installation.parts):
                print(f"--- {part.name}", *part.lines, sep="\n")  # noqa: T201 - pytest shows it where the test failed


@pytest.fixture
async def installation(tmp_path: Path, collector: Collector, more: dict[str, str]) -> AsyncIterator[Installation]:
    async with installed(tmp_path, collector, more) as installation:
        yield installation


class FirstJob(NamedTuple):
    """The first job of an installation, whose metrics were asked for before."""

    installation: Installation
    trace: Trace
    answer: Message


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def first_job(tmp_path_factory: pytest.TempPathFactory, photo: bytes) -> AsyncIterator[FirstJob]:
    """One for the tests of a module that look at it, and then have more jobs done."""
    async with Collector() as collector, installed(tmp_path_factory.mktemp("parts"), collector, {}) as installation:
        for service in (installation.the_bot, installation.the_worker):
            await installation.metrics(service)
        ann = await installation.chats.user()
        (message,) = await ann.send(photo=photo, caption="make it snow")
        answer = await ann.picture()
        yield FirstJob(installation, await installation.trace(ann, message), answer)
