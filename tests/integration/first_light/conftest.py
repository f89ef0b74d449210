"""The whole product, each part a process of its own, and people who chat with the bot."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from local_stack import ComfyUISimulator, RedisServer, Service
from qwenedit_jobs import Keys
from qwenedit_testkit.photos import plain
from qwenedit_testkit.system import FAST, System, ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from comfyui_simulator.client import SimulatorControl
    from qwenedit_jobs import Status
    from telegram_simulator.client import Person

STEP_SECONDS = 0.15
PATIENCE = 180.0
"""Seconds within which what happens has happened."""
LINE = """
local queued = 0
for _, name in ipairs(redis.call('KEYS', 'qwenedit:job:*')) do
  if redis.call('HGET', name, 'state') == 'queued' then queued = queued + 1 end
end
return {redis.call('LLEN', 'qwenedit:job_queue'), queued}
"""
"""The line's length and the number of jobs whose state says that they wait, at one moment."""


class Installation(System):
    """All parts. Redis, the simulators and the bot run; workers are started by who needs them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, env=FAST, redis=RedisServer(folder / "redis"), step_seconds=STEP_SECONDS)
        self.the_bot = self.bot()
        self.workers: list[Service] = []

    @property
    def control(self) -> SimulatorControl:
        """What ComfyUI is told to spoil."""
        return self.controls[0]

    @property
    def comfyui(self) -> ComfyUISimulator:
        return self.comfyuis[0]

    def another_worker(self) -> Service:
        """Make a worker; it is not started."""
        self.workers.append(self.worker(f"worker-{len(self.workers) + 1}"))
        return self.workers[-1]

    async def start_worker(self) -> Service:
        part = self.another_worker()
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
        await ended(self.workers)
        self.parts = [part for part in self.parts if part not in self.workers]
        self.workers.clear()
        await self.control.clear()
        await self.chats.clear_faults()
        for job_id in await self.queue.unfinished_ids():
            await self.queue.cancel(job_id)


@pytest.fixture
def photo() -> bytes:
    return plain()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def deployed(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    async with Installation(tmp_path_factory.mktemp("installation")) as deployed:
        await deployed.the_bot.start()
        yield deployed


@pytest_asyncio.fixture(loop_scope="module")
async def installation(deployed: Installation) -> AsyncIterator[Installation]:
    """The module's installation, as if new."""
    told = {part.name: len(part.lines) for part in deployed.parts}
    yield deployed
    for part in deployed.parts:
        lines = part.lines[told.get(part.name, 0) :]
        print(f"--- {part.name}", *lines, sep="\n")  # noqa: T201 - pytest shows it where the test failed
    await deployed.tidy()
