"""The product as processes, kept up as a kubelet does, within the memory that its pod has."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import aiohttp
import yaml

from local_stack import SIMULATED_TOKEN, Part, PartError, free_port
from qwenedit_testkit import ROOT
from qwenedit_testkit.processes import MEBIBYTE, resident_in_all
from qwenedit_testkit.proxy import Proxy
from qwenedit_testkit.system import System, webhook

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from types import TracebackType

    from local_stack import Service
    from telegram_simulator.client import Group, Person

LOOK_EVERY = 0.1
"""Seconds between two looks at the bot's memory."""
AGAIN_AFTER = 1.0
"""Seconds until what ended is started again; a kubelet takes longer each time."""
START_TIMEOUT = 60.0
WORKERS = 2
ELSEWHERE = 10
"""Niceness of the workers and of ComfyUI, which have machines of their own in production."""
ADMIN = 9_000
ALLOWED = range(10_000, 14_000)
"""Users whom `ALLOWED_USERS` names. All others are strangers."""
STRANGERS = range(90_000, 99_000)


@dataclass
class Seen:
    """What was seen of the bot's processes since the last reset.

    Attributes:
        peak: MiB of the bot and its children together, resident, at most.
        killed: How often they were killed since they had more than the limit.
        deaths: How they ended otherwise.
    """

    peak: float = 0.0
    killed: int = 0
    deaths: list[str] = field(default_factory=list)


class Harness:
    """Redis, both simulators, the bot and two workers. An async context manager.

    Args:
        folder: For data; empty.
        checkout: Repository whose bot and workers run, with its own `.venv`; the simulators are this one's.
    """

    def __init__(self, folder: Path, *, checkout: Path = ROOT) -> None:
        self.checkout = checkout
        self._values = yaml.safe_load((checkout / "charts/qwenedit/values.yaml").read_text())
        self.memory_limit = int(self._values["bot"]["resources"]["limits"]["memory"].removesuffix("Mi"))
        """MiB: what the checkout's chart gives the bot and its children."""
        self._stack = AsyncExitStack()
        self._system = System(folder, comfyuis=WORKERS)
        self._keeping: list[asyncio.Task[None]] = []
        self._users, self._strangers = iter(ALLOWED), iter(STRANGERS)
        self.seen = Seen()
        self.webhook_port = 0
        self.roomy = False
        self.bot: Service
        self.workers: list[Service] = []

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self._system)
        self.chats, self.comfyuis = self._system.chats, self._system.controls
        self.redis, self.redis_url = self._system.client, self._system.redis.url
        self.telegram_url = self._system.telegram.url
        await self.redis.config_set("maxmemory", self._values["redis"]["maxMemory"])
        self.to_redis = await self._stack.enter_async_context(Proxy("redis", self._system.redis.port).running())
        for part in self._system.comfyuis:
            _put_behind(part)
        self.workers = [self._worker(number) for number in range(WORKERS)]
        self.http = await self._stack.enter_async_context(aiohttp.ClientSession())
        await self.chats.user(ADMIN)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()
        await self._stack.aclose()

    def _worker(self, number: int) -> Service:
        part = self._system.worker(
            f"worker-{number + 1}", number, REDIS_URL=f"redis://127.0.0.1:{self.to_redis.port}/0",
            WORKFLOW="invert-model-free", **self._allocator("worker"),
        )  # fmt: skip
        return self._of_checkout(part, "qwenedit_worker")

    def _bot(self, *, posted: bool) -> Service:
        env = self._allocator("bot") | {
            "ADMINS": str(ADMIN),
            "ALLOWED_USERS": ",".join(map(str, ALLOWED)),
            "MAX_UNFINISHED_JOBS_PER_USER": str(self._values["bot"]["settings"]["maxUnfinishedJobsPerUser"]),
            "MAX_QUEUE_LENGTH": str(self._values["bot"]["settings"]["maxQueueLength"]),
        }
        if posted:
            self.webhook_port = free_port()
            env |= webhook(self.webhook_port)
        return self._of_checkout(self._system.bot("bot", **env), "qwenedit_bot")

    def _of_checkout(self, part: Service, module: str) -> Service:
        part.command = (str(self.checkout / ".venv/bin/python"), "-m", module)
        return part

    def _allocator(self, service: str) -> dict[str, str]:
        """Return what the service's image tells the C library's allocator."""
        text = (self.checkout / "services" / service / "Dockerfile").read_text()
        return dict(re.findall(r"(MALLOC_\w+)=(\S+)", text))

    async def enter(
        self, *, webhook: bool = False, workers: bool = True, prepare: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Start bot and workers on an empty Redis, with nothing left of what was before.

        Args:
            webhook: Have the bot receive by webhook.
            workers: Start the workers too.
            prepare: Done before they start.
        """
        await self.leave()
        await self.calm()
        await self.redis.flushall()
        await self.http.post(f"{self.telegram_url}/bot{SIMULATED_TOKEN}/deleteWebhook?drop_pending_updates=true")
        self.bot = self._bot(posted=webhook)
        self.forget()
        if prepare is not None:
            await prepare()
        parts = (self.bot, *(self.workers if workers else ()))
        await asyncio.gather(*(part.start(timeout=START_TIMEOUT) for part in parts))
        for part in parts[1:]:
            _put_behind(part)
        watching = [asyncio.create_task(self._keep_up(part)) for part in parts]
        self._keeping = [*watching, asyncio.create_task(self._watch())]

    def forget(self) -> None:
        """Count from now on what is seen of the processes."""
        self.seen = Seen()

    async def shrink(self, maxmemory: str) -> None:
        """Give Redis less room, so that it is full soon; not where others are to have room beside."""
        if not self.roomy:
            await self.redis.config_set("maxmemory", maxmemory)

    async def calm(self) -> None:
        """Take back whatever was done to the simulators and to Redis."""
        await self.chats.clear_faults()
        for comfyui in self.comfyuis:
            await comfyui.clear()
        self.to_redis.toxic = None
        await self.redis.config_set("maxmemory", self._values["redis"]["maxMemory"])

    async def leave(self) -> None:
        """End bot and workers."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)
        self._keeping.clear()
        for part in (*self.workers, *([self.bot] if hasattr(self, "bot") else [])):
            if part.running:
                _kill_group(part)
                await part.wait()

    async def _keep_up(self, part: Service) -> None:
        while True:
            code = await part.wait()
            if part is not self.bot or code != -signal.SIGKILL:
                last = next((line for line in reversed(part.lines) if line.strip()), "")
                self.seen.deaths.append(f"{part.name} ended with {code}: {last[:300]}")
            await asyncio.sleep(AGAIN_AFTER)
            with suppress(PartError):
                await part.launch()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            if not self.bot.running:
                continue
            used = resident_in_all(self.bot.pid) / MEBIBYTE
            self.seen.peak = max(self.seen.peak, used)
            if used > self.memory_limit:
                self.seen.killed += 1
                _kill_group(self.bot)

    async def user(self, name: str = "Ann") -> Person:
        """Make a person who may use the bot."""
        return await self.chats.user(next(self._users), first_name=name)

    async def stranger(self) -> Person:
        """Make a person who may not."""
        return await self.chats.user(next(self._strangers), first_name="Stranger")

    async def group(self, title: str, *members: Person, kind: str = "supergroup") -> Group:
        """Make a group of people and the bot."""
        return await self.chats.group(title, *members, kind=kind)

    async def username(self) -> str:
        """Return the bot's name in groups."""
        return (await self.chats.bot())["username"]

    async def unfinished(self) -> int:
        """Count the jobs that wait, run, or are between two attempts."""
        counts = await asyncio.gather(
            self.redis.llen("qwenedit:job_queue"), self.redis.zcard("qwenedit:leases"),
            self.redis.zcard("qwenedit:delayed"),
        )  # fmt: skip
        return sum(counts)


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
