"""The product as processes, kept up as a kubelet does, within the memory that its pod has."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import aiohttp
import yaml

from local_stack import SIMULATED_TOKEN, Part, free_port
from qwenedit_testkit import ROOT
from qwenedit_testkit.kubelet import Kubelet
from qwenedit_testkit.processes import MEBIBYTE, resident_in_all
from qwenedit_testkit.proxy import Proxy
from qwenedit_testkit.system import System, allocator, webhook
from qwenedit_testkit.waiting import cancelled

if TYPE_CHECKING:
    from pathlib import Path

    from local_stack import Service
    from telegram_simulator.client import Person

LOOK_EVERY = 0.1
"""Seconds between two looks at the bot's memory."""
AGAIN_AFTER = 1.0
"""Seconds until what ended is started again; a kubelet takes longer each time."""
WORKERS = 2
ELSEWHERE = 10
"""Niceness of the workers and of ComfyUI, which have machines of their own in production."""
ADMIN = 9_000
ALLOWED = range(10_000, 14_000)
"""Users whom `ALLOWED_USERS` names. All others are strangers."""
STRANGERS = range(90_000, 99_000)


class Harness(System):
    """Redis, both simulators, the bot and two workers. An async context manager.

    Args:
        folder: For data; empty.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, comfyuis=WORKERS)
        self._values = yaml.safe_load((ROOT / "charts/qwenedit/values.yaml").read_text())
        self.memory_limit = int(self._values["bot"]["resources"]["limits"]["memory"].removesuffix("Mi"))
        """MiB: what the chart gives the bot and its children."""
        self.peak = 0.0
        """MiB of the bot and its children together, resident, at most since the last reset."""
        self.kubelet = Kubelet(again_after=AGAIN_AFTER)
        self._watching: asyncio.Task[None] | None = None
        self._users, self._strangers = iter(ALLOWED), iter(STRANGERS)
        self.webhook_port = 0
        self.roomy = False
        self.the_bot: Service
        self.workers: list[Service] = []

    async def _prepare(self) -> None:
        await self.client.config_set("maxmemory", self._values["redis"]["maxMemory"])
        self.to_redis = await self._stack.enter_async_context(Proxy("redis", self.redis.port).running())
        for part in self.comfyuis:
            _put_behind(part)
        self.workers = [self._worker(number) for number in range(WORKERS)]
        self.http = await self._stack.enter_async_context(aiohttp.ClientSession())
        self._stack.push_async_callback(self.leave)
        await self.chats.user(ADMIN)

    def _worker(self, number: int) -> Service:
        return self.worker(
            f"worker-{number + 1}",
            number,
            REDIS_URL=f"redis://127.0.0.1:{self.to_redis.port}/0",
            WORKFLOW="invert-model-free",
            **allocator("worker"),
        )

    def _bot(self, *, posted: bool) -> Service:
        env = allocator("bot") | {
            "ADMINS": str(ADMIN),
            "ALLOWED_USERS": ",".join(map(str, ALLOWED)),
            "MAX_UNFINISHED_JOBS_PER_USER": str(self._values["bot"]["settings"]["maxUnfinishedJobsPerUser"]),
            "MAX_QUEUE_LENGTH": str(self._values["bot"]["settings"]["maxQueueLength"]),
        }
        if posted:
            self.webhook_port = free_port()
            env |= webhook(self.webhook_port)
        return self.bot("bot", **env)

    async def enter(self, *, webhook: bool = False) -> None:
        """Start bot and workers on an empty Redis, with nothing left of what was before.

        Args:
            webhook: Have the bot receive by webhook.
        """
        await self.leave()
        await self.calm()
        await self.client.flushall()
        await self.http.post(f"{self.telegram.url}/bot{SIMULATED_TOKEN}/deleteWebhook?drop_pending_updates=true")
        self.the_bot = self._bot(posted=webhook)
        self.forget()
        parts = (self.the_bot, *self.workers)
        await self.start(*parts)
        for part in self.workers:
            _put_behind(part)
        self.kubelet.keep(*parts)
        self._watching = asyncio.create_task(self._watch())

    def forget(self) -> None:
        """Count from now on what is seen of the processes."""
        self.peak = 0.0
        self.kubelet.ends.clear()

    async def shrink(self, maxmemory: str) -> None:
        """Give Redis less room, so that it is full soon; not where others are to have room beside."""
        if not self.roomy:
            await self.client.config_set("maxmemory", maxmemory)

    async def calm(self) -> None:
        """Take back whatever was done to the simulators and to Redis."""
        await self.chats.clear_faults()
        for control in self.controls:
            await control.clear()
        self.to_redis.toxic = None
        await self.client.config_set("maxmemory", self._values["redis"]["maxMemory"])

    async def leave(self) -> None:
        """End bot and workers."""
        await self.kubelet.leave()
        if self._watching is not None:
            await cancelled(self._watching)
        for part in (*self.workers, *([self.the_bot] if hasattr(self, "the_bot") else [])):
            if part.running:
                _kill_group(part)
                await part.wait()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if not self.the_bot.running:
                continue
            used = resident_in_all(self.the_bot.pid) / MEBIBYTE
            self.peak = max(self.peak, used)
            if used > self.memory_limit:
                _kill_group(self.the_bot)

    async def user(self, name: str = "Ann") -> Person:
        """Make a person who may use the bot."""
        return await self.chats.user(next(self._users), first_name=name)

    async def stranger(self) -> Person:
        """Make a person who may not."""
        return await self.chats.user(next(self._strangers), first_name="Stranger")

    async def username(self) -> str:
        """Return the bot's name in groups."""
        return (await self.chats.bot())["username"]

    @property
    def killed(self) -> int:
        """How often the bot was killed since the last reset, as when it had more than the limit."""
        return sum(end.killed and end.name == self.the_bot.name for end in self.kubelet.ends)

    @property
    def deaths(self) -> list[str]:
        """How processes ended otherwise since the last reset."""
        return [str(end) for end in self.kubelet.ends if not end.killed or end.name != self.the_bot.name]


async def settled(harness: Harness, seconds: float) -> float | None:
    """Wait until no job is left; returns the seconds it took, None where some were left."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if not await harness.unfinished():
            return time.monotonic() - began
        await asyncio.sleep(0.2)
    return None


def _put_behind(part: Part) -> None:
    """Have a part that runs on another machine in production give way to the bot."""
    os.setpriority(os.PRIO_PGRP, part.pid, ELSEWHERE)


def _kill_group(part: Part) -> None:
    """Kill a part and its children, as the kernel does with a container's."""
    with suppress(ProcessLookupError):
        os.killpg(part.pid, signal.SIGKILL)
