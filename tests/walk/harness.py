"""What a walk takes place on: the parts of `make run`, and hands behind the scenes."""

from __future__ import annotations

import asyncio
import os
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from comfyui_simulator.client import SimulatorControl
from local_stack import ComfyUISimulator, RedisServer, Service, TelegramSimulator, free_port
from local_stack.run.build import Parts
from local_stack.run.settings import StackSettings
from qwenedit_jobs import Fail, RedisSettings, connect
from qwenedit_jobs.queue.operator_queue import OperatorQueue
from qwenedit_testkit.photos import photo
from qwenedit_testkit.system import ended
from telegram_simulator import client
from tests.walk.visitor import SAMPLES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import redis.asyncio

    from local_stack import Part
    from qwenedit_jobs import Reason
    from telegram_simulator.client import Person

ADMIN = 7_000
SETTINGS = {
    "JOBS_PER_DAY": "5",
    "ADMINS": f"{ADMIN},{ADMIN + 1}",
    "MAX_RETRIES": "1",
    "STAR_PACKS": "10:50,50:200",
    "PAY_SUPPORT": "@support",
}
"""Of the bot."""
START = 120.0
"""Seconds that a part may take to start on a busy machine."""
COLD_START = 12.0
"""Seconds for which the first job waits without a worker: the bot learns from it how long a GPU takes to wake."""


class Harness:
    """The parts, and what is done to them.

    Args:
        parts: As `make run` builds them.
        telegram: The simulator's controls.
        comfyui: The same of ComfyUI's.
        queue: As operators use it.
        store: Redis itself.
    """

    samples = SAMPLES

    def __init__(
        self,
        parts: dict[str, Part],
        telegram: client.TelegramSimulator,
        comfyui: SimulatorControl,
        queue: OperatorQueue,
        store: redis.asyncio.Redis,
    ) -> None:
        self.parts = parts
        self.telegram = telegram
        self._comfyui = comfyui
        self._queue = queue
        self._store = store

    @property
    def url(self) -> str:
        """Of the chat page."""
        part = self.parts["telegram"]
        assert isinstance(part, TelegramSimulator)
        return part.url

    async def warm_up(self) -> None:
        """Let the bot see a GPU wake, and how long jobs take."""
        first = await self.somebody_waits()
        await asyncio.sleep(COLD_START)
        await self.parts["worker"].start(timeout=START)
        await first.picture(60)

    @asynccontextmanager
    async def no_worker(self) -> AsyncIterator[None]:
        """Have no worker up, as when KEDA has scaled to none."""
        await self.parts["worker"].stop()
        yield
        await self.parts["worker"].start(timeout=START)
        await self.idle()

    @asynccontextmanager
    async def held(self, *, at_step: int) -> AsyncIterator[None]:
        """Have jobs stand still at a step."""
        await self._comfyui.fault("hang", at_step=at_step, times=None)
        yield
        await self._comfyui.clear()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Have the queue paused."""
        await self._queue.pause()
        yield
        await self._queue.resume()

    async def comfyui_fails(self, fault: str, **parameters: Any) -> None:
        """Let the next job fail."""
        await self._comfyui.fault(fault, **parameters)

    async def fail_next(self, reason: Reason) -> None:
        """Be the worker that takes the next job and gives it up."""
        claim = None
        while claim is None:
            claim = await self._queue.claim(worker="by hand", token=secrets.token_hex(8), lease=30, wait=1.0)
        await self._queue.settle(claim.job.id, claim.token, Fail(reason))

    async def comfyui_works(self) -> None:
        """Let no job fail any more."""
        await self._comfyui.clear()

    async def somebody_waits(self) -> Person:
        """Have another user ask for a picture."""
        other = await self.telegram.user(first_name="Boris")
        await other.send(photo=photo(), caption="make it snow")
        await other.says("“make it snow”")
        return other

    async def forget_jobs(self) -> None:
        """Let the bot no longer know any job, as after a few days."""
        async for key in self._store.scan_iter("qwenedit:job:*"):
            await self._store.delete(key)

    async def idle(self) -> None:
        """Wait until there is no job that is not finished."""
        async with asyncio.timeout(60):
            while await self._queue.unfinished_ids():
                await asyncio.sleep(0.1)


@asynccontextmanager
async def performing(data: Path) -> AsyncIterator[Harness]:
    """Start everything but the worker."""
    os.environ.update(SETTINGS)
    built = Parts(StackSettings(port=free_port()), data, RedisServer(data / "redis"))
    parts = {part.name: part for part in built.all}
    database, telegram, comfyui = parts["redis"], parts["telegram"], parts["comfyui"]
    assert isinstance(database, RedisServer)
    assert isinstance(telegram, TelegramSimulator)
    assert isinstance(comfyui, ComfyUISimulator)
    assert isinstance(parts["worker"], Service)
    settings = RedisSettings(redis_url=database.url)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(ended, reversed(parts.values()))
        for part in parts.values():
            if part.name != "worker":
                await part.start(timeout=START)
        store = await stack.enter_async_context(connect(settings, waits=True))
        people = await stack.enter_async_context(client.TelegramSimulator(telegram.url))
        control = await stack.enter_async_context(SimulatorControl(comfyui.url))
        await people.limit(enabled=False)
        yield Harness(parts, people, control, OperatorQueue(store, settings.keys), store)
