"""Redis, the simulated Telegram and a worker that pretends to edit, around bots that a caller starts and ends."""

from __future__ import annotations

import asyncio
import random
import secrets
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Self

from local_stack import SIMULATED_TOKEN, Part, RedisServer, Service, TelegramSimulator, bare_environment, bot
from qwenedit_jobs import JobQueue, RedisPictureStore, RedisSettings, Result, connect, result_ref
from qwenedit_testkit.photos import SMALL, photo
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

START_TIMEOUT = 180.0
SECRET = "only-Telegram_knows-this"  # noqa: S105 - of a simulator


class Stage:
    """Redis, Telegram and a worker, around the bots that come and go."""

    def __init__(self, folder: Path, *, seed: int, worker: bool = True) -> None:
        self._with_worker = worker
        self.chance = random.Random(seed)  # noqa: S311 - moments and pauses
        self.redis = RedisServer(folder / "redis", persistent=False)
        self.telegram = TelegramSimulator(env=bare_environment())
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for part in (self.redis, self.telegram):
            self._stack.push_async_callback(_kill, part)
            await part.start(timeout=START_TIMEOUT)
        self.chats = await self._stack.enter_async_context(Chats(self.telegram.url))
        if self._with_worker:
            await self._employ()
        return self

    async def _employ(self) -> None:
        settings = RedisSettings(redis_url=self.redis.url)
        text = await self._stack.enter_async_context(connect(settings, block=1.0))
        binary = await self._stack.enter_async_context(connect(settings, decode=False))
        store = RedisPictureStore(binary, settings.keys, ttl=600)
        working = asyncio.create_task(_work(JobQueue(text, settings.keys), store, photo("PNG", SMALL)))
        self._stack.push_async_callback(_end, working)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def bot(self, name: str, **env: str) -> Service:
        """Make a bot; it is not started."""
        part = bot(
            env=bare_environment(**{"MAX_UNFINISHED_JOBS_PER_USER": "100"} | env), redis_url=self.redis.url,
            token=SIMULATED_TOKEN, telegram_url=self.telegram.url, name=name,
        )  # fmt: skip
        self._stack.push_async_callback(_kill, part)
        return part


async def _work(queue: JobQueue, store: RedisPictureStore, picture: bytes) -> None:
    while True:
        await queue.wait(1.0)
        claim = await queue.claim(worker="script", token=secrets.token_hex(8), lease=30)
        if claim is not None:
            ref = result_ref(claim.job.id, claim.attempt)
            await store.put(ref, picture)
            await queue.complete(claim.job.id, claim.token, Result(picture=ref, seed=1, seconds=0.1))


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _kill(part: Part) -> None:
    if part.running:
        await part.kill()
