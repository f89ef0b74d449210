from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import redis as redis_client
from aiogram import Bot
from aiogram.types import User
from prometheus_client import CollectorRegistry
from pydantic import SecretStr
from redis.exceptions import RedisError

from local_stack import SIMULATED_TOKEN, Service, bare_environment, bot
from qwenedit_bot.app.parts import Connections, Foundation
from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.chat.rate_limit import SharedLimiter
from qwenedit_bot.common.keys import BotKeys
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_jobs import Keys, RedisSettings, connect
from qwenedit_testkit.by_hand.worker import WorkerByHand, by_hand
from qwenedit_testkit.threads import on_a_thread
from qwenedit_testkit.waiting import background, eventually
from telegram_simulator.client import TelegramSimulator
from telegram_simulator.server import Config, running
from telegram_simulator.world.rate_limits import Rates
from tests.integration.bot.here import BotHere

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
    from contextlib import AbstractAsyncContextManager

    from redis.asyncio import Redis

    from local_stack import RedisServer
    from qwenedit_jobs import Status
    from telegram_simulator.client import Message, Person

RELAX = """
for _, key in ipairs(redis.call('KEYS', 'qwenedit:pace:*')) do
    if not string.find(key, 'pause', 1, true) and redis.call('PTTL', key) > 500 then
        redis.call('PEXPIRE', key, 500)
    end
end
"""
"""Has used-up turns come back within half a second. Pauses that Telegram asks for stay."""
OFTEN = 0.1
DAY, ENOUGH = 86_400, 120
"""Seconds of a day, and those within which a test is done that counts what happened on it."""


@pytest.fixture
def within_a_day() -> None:
    """Begin after midnight (UTC) where the day would end during the test: what it counts begins anew then."""
    left = DAY - time.time() % DAY
    if left < ENOUGH:
        time.sleep(left + 0.1)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with connect(RedisSettings(redis_url=redis_url), waits=True) as client:
        yield client


@pytest.fixture
def bot_keys() -> BotKeys:
    return BotKeys(prefix="qwenedit", bot_id=42)


@pytest.fixture(scope="session")
def founded() -> Callable[..., Foundation]:
    """Return what makes the foundation of a bot in this process, from its Redis and keys."""

    def founded(redis: Redis, keys: BotKeys, **more: Any) -> Foundation:
        return Foundation(
            settings=BotSettings(bot_token=SecretStr("42:TEST")),
            connections=Connections(redis, redis, redis),
            keys=keys,
            bot=Bot("42:TEST"),
            me=User(id=42, is_bot=True, first_name="Editor", username="editor_bot"),
            limiter=SharedLimiter(redis, keys),
            metrics=BotMetrics(CollectorRegistry()),
            **more,
        )

    return founded


@dataclass
class Stage:
    """Telegram's simulator, the bot, and a worker's part for the test to play."""

    redis_url: str
    telegram_url: str
    telegram: TelegramSimulator
    bot: Service
    worker: WorkerByHand

    def another_bot(self, name: str) -> Service:
        return _bot(type(self.bot), self.redis_url, self.telegram_url, name)

    async def jobs(self, count: int) -> list[Status]:
        """Return the unfinished jobs as soon as there are that many."""

        async def enough() -> bool:
            return len(await self.worker.queue.unfinished_ids()) >= count

        await self.eventually(enough)
        return await self.worker.queue.statuses(await self.worker.queue.unfinished_ids())

    async def expire(self, job_id: str) -> None:
        """Let the lease of whoever has a job run out now."""
        async with connect(RedisSettings(redis_url=self.redis_url)) as redis:
            assert await redis.zadd(Keys().leases, {job_id: 1}, xx=True, ch=True) == 1

    async def noted(self, person: Person, message: Message) -> None:
        """Wait until the bot has noted which message of its own answers a person's: that is after Telegram sent it."""
        assert message.reply_to is not None
        key = BotKeys(prefix="qwenedit", bot_id=message.sender_id).reply(person.id, message.reply_to)
        async with connect(RedisSettings(redis_url=self.redis_url), waits=True) as redis:

            async def there() -> bool:
                return bool(await redis.exists(key))

            await self.eventually(there)

    async def charged(self, person: Person) -> int:
        """Return how many of today's free jobs a person has used, once everything that they did is handled."""
        await self.eventually(self.nothing_waits)
        keys = BotKeys(prefix="qwenedit", bot_id=(await self.telegram.bot())["id"])
        async with connect(RedisSettings(redis_url=self.redis_url)) as redis:
            used = (await redis.hgetall(keys.free_used(person.id))).items()
        return sum(int(count) for day, count in used if str(day).isdigit())

    async def close(self, chat_id: int, *, seconds: float) -> None:
        """Let the bot send nothing in a chat for a while, as after a 429."""
        me = (await self.telegram.bot())["id"]
        async with connect(RedisSettings(redis_url=self.redis_url)) as redis:
            await SharedLimiter(redis, BotKeys(prefix="qwenedit", bot_id=me)).close(chat_id, seconds)

    async def nothing_waits(self) -> bool:
        """Whether the bot has fetched and handled every update."""
        if (await self.telegram.bot())["pending"]:
            return False
        async with connect(RedisSettings(redis_url=self.redis_url)) as redis:
            return not await redis.exists(f"{BotKeys(prefix='qwenedit', bot_id=0).updates}:entries")

    async def answered(self, job_id: str) -> None:
        async def known() -> bool:
            status = await self.worker.queue.status(job_id)
            return status is not None and status.answered

        await self.eventually(known)

    async def struck(self) -> None:
        """Wait until every fault that was asked for has befallen a call."""

        async def none_left() -> bool:
            return not await self.telegram.faults()

        await self.eventually(none_left)

    async def eventually(self, condition: Callable[[], Awaitable[bool]], seconds: float = 120.0) -> None:
        await eventually(condition, within=seconds)


def _bot(made_as: type[Service], redis_url: str, telegram_url: str, name: str = "bot", **settings: str) -> Service:
    return bot(
        env=bare_environment(**settings),
        redis_url=redis_url,
        token=SIMULATED_TOKEN,
        telegram_url=telegram_url,
        name=name,
        service=made_as,
    )


@asynccontextmanager
async def unpaced(redis_url: str) -> AsyncIterator[None]:
    """Have the bot speak as fast as it can: nobody waits for Telegram's pace to see what is said."""
    async with connect(RedisSettings(redis_url=redis_url), waits=True) as redis:

        async def relax() -> None:
            while True:
                with suppress(RedisError):
                    await redis.eval(RELAX, 0)
                await asyncio.sleep(OFTEN)

        async with background(relax()):
            yield


@pytest.fixture(scope="module")
def made_as(request: pytest.FixtureRequest) -> type[Service]:
    """What the bot is: a part of this process, or a process of its own in a file with `RUNG = "stack"`."""
    return {"parts": BotHere, "stack": Service}[getattr(request.module, "RUNG", "parts")]


@pytest.fixture(scope="module")
def performing(made_as: type[Service]) -> Callable[..., AbstractAsyncContextManager[Stage]]:
    """Return what makes a stage of its own from the address of a Redis and settings of the bot."""

    @asynccontextmanager
    async def performing(redis_url: str, **settings: str) -> AsyncIterator[Stage]:
        with on_a_thread(lambda: running(Config(port=0, rates=Rates(enabled=False)))) as url:
            service = _bot(made_as, redis_url, url, **settings)
            try:
                await service.start()
                async with TelegramSimulator(url) as telegram, by_hand(redis_url) as worker, unpaced(redis_url):
                    yield Stage(redis_url, url, telegram, service, worker)
            finally:
                await service.kill()

    return performing


@pytest.fixture(scope="module")
def bot_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return what the bot of a module's stage has beside the defaults: the file's `SETTINGS`."""
    return getattr(request.module, "SETTINGS", {})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_stage(
    redis_server: RedisServer,
    performing: Callable[..., AbstractAsyncContextManager[Stage]],
    bot_settings: dict[str, str],
) -> AsyncIterator[Stage]:
    with redis_client.Redis.from_url(redis_server.url) as client:
        client.flushall()
    async with performing(redis_server.url, **bot_settings) as stage:
        yield stage


@pytest_asyncio.fixture(loop_scope="module")
async def stage(shared_stage: Stage) -> AsyncIterator[Stage]:
    """One for the tests of a module, which must leave the bot running; nothing else is left behind."""
    yield shared_stage
    await shared_stage.telegram.clear_faults()
    await shared_stage.worker.clear()


@pytest.fixture
def client(stage: Stage) -> Iterator[redis_client.Redis]:
    """Somebody who reads and writes the stage's Redis as they like."""
    with redis_client.Redis.from_url(stage.redis_url) as client:
        yield client


@pytest.fixture
def worker(stage: Stage) -> WorkerByHand:
    return stage.worker


@pytest_asyncio.fixture(loop_scope="module")
async def ann(stage: Stage) -> Person:
    """Somebody of whom the bot has not heard yet."""
    return await stage.telegram.user()
