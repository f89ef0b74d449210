"""The whole product, each part a process of its own, and people who chat with the bot."""

from __future__ import annotations

import asyncio
import io
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
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
from qwenedit_jobs import JobQueue, Keys, RedisSettings, connect
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from redis.asyncio import Redis

    from qwenedit_jobs import Status
    from telegram_simulator.client import Person

STEP_SECONDS = 0.15
SETTINGS = {"WORKER_LEASE": "10", "RETRY_DELAYS": "0"}
"""The shortest lease there may be, and no pause between attempts."""
PATIENCE = 60.0
"""Seconds within which what happens has happened."""
LINE = """
local queued = 0
for _, name in ipairs(redis.call('KEYS', 'qwenedit:job:*')) do
  if redis.call('HGET', name, 'state') == 'queued' then queued = queued + 1 end
end
return {redis.call('LLEN', 'qwenedit:job_queue'), queued}
"""
"""The line's length and the number of jobs whose state says that they wait, at one moment."""


@dataclass
class Installation:
    """All parts. Redis, the simulators and the bot run; workers are started by who needs them."""

    redis: RedisServer
    telegram: TelegramSimulator
    comfyui: ComfyUISimulator
    bot: Service
    chats: Chats
    control: SimulatorControl
    client: Redis
    queue: JobQueue
    workers: list[Service] = field(default_factory=list)

    @property
    def parts(self) -> tuple[Part, ...]:
        return (self.redis, self.telegram, self.comfyui, self.bot, *self.workers)

    def worker(self) -> Service:
        """Make a worker; it is not started."""
        part = worker(
            env=bare_environment(**SETTINGS, **self.comfyui.shared_folders),
            redis_url=self.redis.url,
            comfyui_url=self.comfyui.url,
            name=f"worker-{len(self.workers) + 1}",
        )
        self.workers.append(part)
        return part

    async def start_worker(self) -> Service:
        part = self.worker()
        await part.start()
        return part

    async def jobs(self, *people: Person) -> list[Status]:
        """Return all jobs of some people."""
        prefix, owners = Keys().job_prefix, {person.id for person in people}
        names = [name async for name in self.client.scan_iter(f"{prefix}*")]
        found = await self.queue.statuses(name.removeprefix(prefix) for name in names)
        return [status for status in found if status.job.user_id in owners]

    async def job(self, person: Person) -> Status:
        """Return somebody's only job."""
        (job,) = await self.jobs(person)
        return job

    async def until_job(self, person: Person, condition: Callable[[Status], object]) -> Status:
        """Wait until one of somebody's jobs is as wanted."""
        deadline = time.monotonic() + PATIENCE
        while True:
            jobs = await self.jobs(person)
            if found := next(filter(condition, jobs), None):
                return found
            assert time.monotonic() < deadline, f"after {PATIENCE:g} s: {jobs}"
            await asyncio.sleep(0.02)

    async def until_answered(self, job: Status) -> None:
        """Wait until the bot has marked a job as answered."""
        async with asyncio.timeout(PATIENCE):
            while not await self.queue.was_answered(job.job.id):
                await asyncio.sleep(0.02)

    async def watch_line(self, done: asyncio.Event) -> list[int]:
        """Look at the line again and again; returns its lengths. Fails where it is not the number of waiting jobs."""
        lengths = []
        look = self.client.register_script(LINE)
        while not done.is_set():
            length, waiting = await look()
            assert length == waiting
            lengths.append(length)
            await asyncio.sleep(0.005)
        return lengths

    async def prompts(self) -> int:
        """Return how many prompts ComfyUI has accepted since it started."""
        return len((await self.control.state()).prompts)

    async def tidy(self) -> None:
        """Leave nothing to the next test: no worker, no fault, no job."""
        for part in self.workers:
            await part.kill()
        self.workers.clear()
        await self.control.clear()
        await self.chats.clear_faults()
        for job_id in await self.queue.unfinished_ids():
            await self.queue.cancel(job_id)


@pytest.fixture
def photo() -> bytes:
    """A red picture."""
    data = io.BytesIO()
    Image.new("RGB", (320, 240), (200, 60, 20)).save(data, "JPEG")
    return data.getvalue()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deployed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    redis = RedisServer(folder / "redis")
    telegram = TelegramSimulator(env=bare_environment())
    comfyui = ComfyUISimulator(env=bare_environment(), data_dir=folder / "comfyui", step_seconds=STEP_SECONDS)
    the_bot = bot(
        env=bare_environment(**SETTINGS), redis_url=redis.url, token=SIMULATED_TOKEN, telegram_url=telegram.url
    )
    async with AsyncExitStack() as stack:
        for part in (redis, telegram, comfyui, the_bot):
            stack.push_async_callback(_kill, part)
        await asyncio.gather(redis.start(), telegram.start(), comfyui.start())
        await the_bot.start()
        client = await stack.enter_async_context(connect(RedisSettings(redis_url=redis.url)))
        yield Installation(
            redis=redis,
            telegram=telegram,
            comfyui=comfyui,
            bot=the_bot,
            chats=await stack.enter_async_context(Chats(telegram.url)),
            control=await stack.enter_async_context(SimulatorControl(comfyui.url)),
            client=client,
            queue=JobQueue(client, Keys()),
        )


@pytest_asyncio.fixture(loop_scope="module")
async def installation(deployed: Installation) -> AsyncIterator[Installation]:
    """The module's installation, as if new."""
    told = {part.name: len(part.lines) for part in deployed.parts}
    yield deployed
    for part in deployed.parts:
        lines = part.lines[told.get(part.name, 0) :]
        print(f"--- {part.name}", *lines, sep="\n")  # noqa: T201 - pytest shows it where the test failed
    await deployed.tidy()


async def _kill(part: Part) -> None:
    if part.running:
        await part.kill()
