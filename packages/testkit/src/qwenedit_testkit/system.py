"""The product as processes: Redis and both simulators, and the bots and workers that a caller starts among them."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self, TypeVar

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
    free_port,
    worker,
)
from qwenedit_jobs import Keys, RedisPictureStore, RedisSettings, connect
from qwenedit_testkit import ROOT
from qwenedit_testkit.job_queue import JobQueue
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

    from redis.asyncio import Redis

APart = TypeVar("APart", bound=Part)

START_TIMEOUT = 180.0
"""Seconds that a process may take to become ready: a busy machine is no failure."""
FAST = {"WORKER_LEASE": "10", "RETRY_DELAYS": "0"}
"""Settings of a system that wastes no time: the shortest lease that there may be, and no pause between attempts."""


class System:
    """Redis, the simulated Telegram and simulated ComfyUIs. An async context manager; its end kills every process.

    Args:
        folder: For data.
        env: Settings of each bot and each worker.
        redis: The server; one that keeps nothing on disk where none is given.
        comfyuis: How many.
        step_seconds: How long one step of an edit takes.
        load_seconds: How long the first edit loads the model.

    Attributes:
        parts: All processes, in the order in which they were made.
        chats: People who chat with the bot, and Telegram's faults.
        controls: Each ComfyUI's faults.
        client: Of Redis.
        queue: The queue, by `client`.
        store: The pictures.
    """

    def __init__(
        self,
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        redis: RedisServer | None = None,
        comfyuis: int = 1,
        step_seconds: float = 0.0,
        load_seconds: float = 0.0,
    ) -> None:
        # What is spoiled and counted at ComfyUI is about jobs.
        self._env = bare_environment(WORKER_WARM_UP="false") | bare_environment(**(env or {}))
        self._stack = AsyncExitStack()
        self.parts: list[Part] = []
        self.redis = self.add(redis or RedisServer(folder / "redis", persistent=False))
        self.telegram = self.add(TelegramSimulator(env=bare_environment(), temp_dir=folder / "telegram"))
        self.comfyuis = [
            self.add(
                ComfyUISimulator(
                    env=bare_environment(),
                    data_dir=folder / f"comfyui-{number}",
                    step_seconds=step_seconds,
                    load_seconds=load_seconds,
                )
            )
            for number in range(comfyuis)
        ]
        self.chats: Chats
        self.controls: list[SimulatorControl]
        self.client: Redis
        self.queue: JobQueue
        self.store: RedisPictureStore

    async def __aenter__(self) -> Self:
        try:
            await self.start(self.redis, self.telegram, *self.comfyuis)
            self.chats = await self._stack.enter_async_context(Chats(self.telegram.url))
            self.controls = [
                await self._stack.enter_async_context(SimulatorControl(part.url)) for part in self.comfyuis
            ]
            settings = RedisSettings(redis_url=self.redis.url)
            self.client = await self._stack.enter_async_context(connect(settings))
            raw = await self._stack.enter_async_context(connect(settings, decode=False))
            self.queue = JobQueue(self.client, Keys())
            self.store = RedisPictureStore(raw, Keys(), ttl=600)
            await self._prepare()
        except BaseException:
            await self.close()
            raise
        return self

    async def _prepare(self) -> None:
        """Add what a subclass has beside."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections and kill all processes, the last one first."""
        await self._stack.aclose()
        await ended(reversed(self.parts))

    def add(self, part: APart) -> APart:
        """Have a process end with the others; it is not started."""
        self.parts.append(part)
        return part

    async def unfinished(self) -> int:
        """Count the jobs that wait, run, or are between two attempts."""
        counts = await self.queue.counts()
        return counts.waiting + counts.running + counts.draining + counts.delayed

    async def start(self, *parts: Part) -> None:
        """Start processes side by side."""
        await asyncio.gather(*(part.start(timeout=START_TIMEOUT) for part in parts))

    def bot(self, name: str = "bot", /, **settings: str) -> Service:
        """Make a bot; it is not started. Settings take precedence over all others."""
        part = bot(
            env=self._env, redis_url=self.redis.url, token=SIMULATED_TOKEN, telegram_url=self.telegram.url, name=name
        )
        part.env.update(settings)
        return self.add(part)

    def worker(self, name: str = "worker", comfyui: int = 0, /, **settings: str) -> Service:
        """Make a worker with one of the ComfyUIs; it is not started. Settings take precedence over all others."""
        served_by = self.comfyuis[comfyui]
        part = worker(
            env=self._env | served_by.shared_folders, redis_url=self.redis.url, comfyui_url=served_by.url, name=name
        )
        part.env.update(settings)
        return self.add(part)


def around_bots(folder: Path) -> System:
    """Make a system without workers, for bots that are started and ended again and again."""
    return System(folder, env={"MAX_UNFINISHED_JOBS_PER_USER": "100"}, comfyuis=0)


def allocator(service: str, checkout: Path = ROOT) -> dict[str, str]:
    """Return what a service's image tells the C library's allocator."""
    text = (checkout / "services" / service / "Dockerfile").read_text()
    return dict(re.findall(r"(MALLOC_\w+)=(\S+)", text))


async def ended(parts: Iterable[Part]) -> None:
    """Kill those of some processes that run, stopped ones as well."""
    for part in parts:
        if part.running:
            part.signal(signal.SIGCONT)
            await part.kill()


def webhook(port: int = 0, *, url: str = "") -> dict[str, str]:
    """Return a bot's settings that have Telegram post updates to it.

    Args:
        port: Where it listens; 0 for a free one.
        url: Where Telegram posts; empty where nothing stands before the bot.
    """
    port = port or free_port()
    return {"WEBHOOK_URL": url or f"http://127.0.0.1:{port}/telegram", "WEBHOOK_PORT": str(port)}
