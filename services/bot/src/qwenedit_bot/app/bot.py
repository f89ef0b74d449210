"""The bot in a process: connected, introduced to Redis and Telegram, and run from its parts."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, nullcontext
from typing import TYPE_CHECKING

import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.utils.token import extract_bot_id
from redis.exceptions import RedisError

from qwenedit_bot.app.parts import Connections, Foundation, Parts
from qwenedit_bot.chat.calls import CallMiddleware, status_of
from qwenedit_bot.chat.errors import TokenRefusedError
from qwenedit_bot.chat.rate_limit import SharedLimiter
from qwenedit_bot.common.keys import BotKeys
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.common.waiting import every, pause, unless
from qwenedit_bot.conversation import command_menu
from qwenedit_bot.edits.answers import ended_jobs
from qwenedit_jobs import (
    PictureStoreRefusedError,
    PictureStoreUnavailableError,
    connect,
)
from qwenedit_jobs.backoff import Backoff
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_jobs.redis.connection import check_writable
from qwenedit_jobs.redis.eviction_policy import check_eviction_policy
from qwenedit_jobs.redis.state_layout import check_layout, note_layout
from qwenedit_telemetry import Health

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiogram.types import User
    from redis.asyncio import Redis

    from qwenedit_bot.app.settings import BotSettings
    from qwenedit_jobs import Keys
    from qwenedit_jobs.pictures.object_store import ObjectPictureStore
    from qwenedit_telemetry import Telemetry

log = structlog.get_logger(__name__)


async def run(settings: BotSettings, telemetry: Telemetry, stop: asyncio.Event) -> None:
    """Run the bot until the wish to stop comes.

    Raises:
        ExceptionGroup: of what `introduce` and `run_parts` raise.
    """
    async with AsyncExitStack() as stack:
        connections = await stack.enter_async_context(connected(settings))
        metrics = BotMetrics(telemetry.registry)
        keys = BotKeys(prefix=settings.keys.prefix, bot_id=extract_bot_id(settings.bot_token.get_secret_value()))
        bot = make_bot(settings, metrics)
        stack.push_async_callback(bot.session.close)
        readiness = Readiness(connections.commands, settings.keys)
        await stack.enter_async_context(
            telemetry.probe_server(
                host=settings.probe_host, port=settings.probe_port, checks={"/readyz": readiness.check}
            )
        )
        connections.objects = open_objects(settings.pictures_url, on_call=metrics.on_picture_call)
        me = await introduce(bot, connections, settings.keys, stop)
        if me is not None:
            base = Foundation(
                settings=settings, connections=connections, keys=keys, bot=bot, me=me,
                limiter=SharedLimiter(connections.commands, keys), metrics=metrics,
            )  # fmt: skip
            await run_parts(base, readiness, stop)


@asynccontextmanager
async def connected(settings: BotSettings) -> AsyncIterator[Connections]:
    """Make the clients of Redis, without a store of objects; nothing is sent before their first commands."""
    async with (
        connect(settings) as commands,
        connect(settings, waits=True) as blocking,
        connect(settings, decode=False) as raw,
    ):
        yield Connections(commands, blocking, raw)


def make_bot(settings: BotSettings, metrics: BotMetrics) -> Bot:
    """Make the connection to Telegram; nothing is sent before its first call."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url))
    session.middleware(CallMiddleware(metrics))
    return Bot(settings.bot_token.get_secret_value(), session=session)


async def introduce(bot: Bot, connections: Connections, keys: Keys, stop: asyncio.Event) -> User | None:
    """Wait until Redis and Telegram answer; returns the bot's user, or None when the wish to stop came first.

    A store of objects that does not answer is not waited for: all but the pictures works without.

    Raises:
        TokenRefusedError: Telegram does not know the token.
        EvictionPolicyError: Redis deletes accepted jobs when it is full.
        StateTooNewError: A newer version has written to this Redis.
        PictureStoreRefusedError: the bot may not do in the store of objects what it is for.
    """
    backoff = Backoff()
    if connections.objects is not None:
        await _check_objects(connections.objects)
    while not stop.is_set():
        try:
            await check_eviction_policy(connections.commands)
            await check_layout(connections.commands, keys)
            me = await unless(stop, bot.me())
        except RedisError as error:
            wait = backoff.next()
            log.warning("start.redis_unavailable", error=str(error), next_in=round(wait, 1))
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise TokenRefusedError("Telegram does not know this BOT_TOKEN") from None
        except AiogramError as error:
            wait = backoff.next()
            log.warning("start.telegram_unavailable", status=status_of(error), next_in=round(wait, 1))
        else:
            if me is not None:
                await _note_layout(connections.commands, keys)
                log.info("bot.started", bot=me.username, bot_id=me.id)
            return me
        await pause(stop, wait)
    return None


async def _note_layout(redis: Redis, keys: Keys) -> None:
    """Note the layout for versions to come. A full Redis refuses that, and the next start notes it."""
    try:
        await note_layout(redis, keys)
    except RedisError as error:
        log.warning("start.layout_not_noted", error=str(error))


async def _check_objects(objects: ObjectPictureStore) -> None:
    """Find out whether the bot may put, get, delete and list where pictures lie."""
    try:
        await objects.check(deletes=True)
    except PictureStoreRefusedError:
        raise
    except PictureStoreUnavailableError as error:
        log.warning("start.pictures_unavailable", error=str(error))
    else:
        log.info("start.pictures_checked", store=objects.url)


async def run_parts(base: Foundation, readiness: Readiness, stop: asyncio.Event) -> None:
    """Build the parts and run them until the wish to stop comes.

    Raises:
        TokenRefusedError: Telegram no longer knows the token (in an exception group).
        PresetsError: the operator's presets cannot be used.
    """
    parts, settings = Parts(base), base.settings
    receiver = parts.receiver()
    readiness.receiving = receiver.health
    async with aclosing(parts.hook) if parts.hook else nullcontext(), asyncio.TaskGroup() as tasks:
        for work in (receiver, parts.updating, parts.answering, parts.following, parts.leadership):
            tasks.create_task(work.run(stop))
        tasks.create_task(ended_jobs.bring(parts.events, parts.job_ended, stop))
        for name, (seconds, tick) in parts.loops().items():
            tasks.create_task(every(seconds, stop, tick, name=name, when=lambda: parts.leadership.held))
        tasks.create_task(
            command_menu.offer(
                base.bot,
                parts.texts,
                stop,
                limited=settings.jobs_per_day is not None,
                selling=bool(settings.star_packs),
                admins=settings.admins,
            )
        )


class Readiness:
    """Whether the bot does its work now.

    Args:
        redis: Asked at each check.
        keys: The installation's key names.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self.receiving: Callable[[], Health] | None = None
        """Whether updates come in; None until something receives them."""

    async def check(self) -> Health:
        """Write to Redis, and look when Telegram last answered."""
        try:
            await check_writable(self._redis, self._keys)
        except RedisError as error:
            return Health.failing(f"Redis takes no writes: {type(error).__name__}")
        if self.receiving is None:
            return Health.failing("starting: Telegram has not answered yet")
        return self.receiving()
