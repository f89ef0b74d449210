"""The bot's parts, and how they are joined, started and stopped."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import AsyncExitStack, aclosing, nullcontext
from typing import TYPE_CHECKING

import structlog
import uvloop
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.utils.token import extract_bot_id
from redis.exceptions import RedisError

from qwenedit_bot.app.foundation import Connections, Foundation
from qwenedit_bot.app.parts import Receiver, make_parts
from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.chat.call_metrics import CallMiddleware, status_of
from qwenedit_bot.chat.errors import TokenRefusedError
from qwenedit_bot.chat.rate_limit.shared import SharedLimiter
from qwenedit_bot.common.keys import BotKeys
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.common.waiting import every, pause, unless
from qwenedit_bot.conversation import command_menu
from qwenedit_bot.edits.answers import ended_jobs
from qwenedit_bot.presets.catalogue import PresetsError
from qwenedit_jobs import (
    EvictionPolicyError,
    PictureStoreFullError,
    PictureStoreRefusedError,
    PictureStoreUnavailableError,
    StateTooNewError,
    connect,
    load,
)
from qwenedit_jobs.backoff import Backoff
from qwenedit_jobs.pictures.opening import open_bucket
from qwenedit_jobs.pictures.ownership import take_address
from qwenedit_jobs.redis.connection import check_writable
from qwenedit_jobs.redis.eviction_policy import check_eviction_policy
from qwenedit_jobs.redis.state_layout import check_layout, note_layout
from qwenedit_telemetry import Health, setup

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs import Keys
    from qwenedit_jobs.pictures.bucket import Bucket

log = structlog.get_logger(__name__)


def main() -> None:
    """Run the bot until SIGTERM. Exit code 2: the settings, the presets or Telegram refuse the start."""
    settings = load(BotSettings)
    raise SystemExit(uvloop.run(serve(settings)))


async def serve(settings: BotSettings) -> int:
    """Run the bot; returns the process' exit code."""
    telemetry = setup(service="bot", level=settings.bot_log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        stack.callback(telemetry.close)
        connections = Connections(
            commands=await stack.enter_async_context(connect(settings)),
            blocking=await stack.enter_async_context(connect(settings, block=ended_jobs.BLOCK)),
            raw=await stack.enter_async_context(connect(settings, decode=False)),
        )
        gc.collect()
        gc.freeze()  # else each full collection scans aiogram's types and holds the event loop for 0.2 s
        metrics = BotMetrics(telemetry.registry)
        keys = BotKeys(prefix=settings.keys.prefix, bot_id=extract_bot_id(settings.bot_token.get_secret_value()))
        limiter = SharedLimiter(connections.commands, keys)
        bot = make_bot(settings, metrics)
        stack.push_async_callback(bot.session.close)
        readiness = Readiness(connections.commands, settings.keys)
        await stack.enter_async_context(
            telemetry.probe_server(
                host=settings.probe_host, port=settings.probe_port, checks={"/readyz": readiness.check}
            )
        )
        code = 0
        try:
            connections.bucket = open_bucket(settings.pictures_url, on_call=metrics.on_picture_call)
            if await introduce(bot, connections, settings.keys, stop, installation=keys.installation):
                await run(settings, connections, keys, bot, limiter, metrics, readiness, stop)
        except* TokenRefusedError as refused:
            log.error("bot.token_refused", reason=str(refused.exceptions[0]))  # noqa: TRY400 - the reason says it all
            code = 2
        except* EvictionPolicyError as refused:
            log.error("bot.redis_refused", reason=str(refused.exceptions[0]))  # noqa: TRY400 - the reason says it all
            code = 2
        except* StateTooNewError as refused:
            log.error("bot.state_refused", reason=str(refused.exceptions[0]))  # noqa: TRY400 - the reason says it all
            code = 2
        except* PictureStoreRefusedError as refused:
            log.error("bot.pictures_refused", reason=str(refused.exceptions[0]))  # noqa: TRY400 - likewise
            code = 2
        except* PresetsError as refused:
            log.error("bot.presets_refused", reason=str(refused.exceptions[0]))  # noqa: TRY400 - the reason says it all
            code = 2
    log.info("bot.stopped", code=code)
    return code


def make_bot(settings: BotSettings, metrics: BotMetrics) -> Bot:
    """Make the connection to Telegram; nothing is sent before its first call."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url))
    session.middleware(CallMiddleware(metrics))
    return Bot(settings.bot_token.get_secret_value(), session=session)


async def introduce(bot: Bot, connections: Connections, keys: Keys, stop: asyncio.Event, *, installation: str) -> bool:
    """Wait until Redis and Telegram answer; False when the wish to stop came first.

    A store of objects that does not answer is not waited for: all but the pictures works without.

    Raises:
        TokenRefusedError: Telegram does not know the token.
        EvictionPolicyError: Redis deletes accepted jobs when it is full.
        StateTooNewError: A newer version has written to this Redis.
        PictureStoreRefusedError: the bot may not do in the store of objects what it is for, or the pictures there
            are another installation's.
    """
    backoff = Backoff()
    if connections.bucket is not None:
        await check_bucket(connections.bucket, installation)
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
            if me is None:
                return False
            await keep_layout(connections.commands, keys)
            log.info("bot.started", bot=me.username, bot_id=me.id)
            return True
        await pause(stop, wait)
    return False


async def keep_layout(redis: Redis, keys: Keys) -> None:
    """Note the layout for versions to come. A full Redis refuses that, and the next start notes it."""
    try:
        await note_layout(redis, keys)
    except RedisError as error:
        log.warning("start.layout_not_noted", error=str(error))


async def check_bucket(bucket: Bucket, installation: str) -> None:
    """Find out whether the bot may put, get, delete and list, and whether the pictures there are its own.

    Raises:
        PictureStoreRefusedError: it may not, or they are not.
    """
    try:
        await bucket.check(deletes=True)
        await take_address(bucket, installation)
    except PictureStoreRefusedError:
        raise
    except (PictureStoreUnavailableError, PictureStoreFullError) as error:
        log.warning("start.pictures_unavailable", error=str(error))
    else:
        log.info("start.pictures_checked", store=bucket.url)


async def run(
    settings: BotSettings,
    connections: Connections,
    keys: BotKeys,
    bot: Bot,
    limiter: SharedLimiter,
    metrics: BotMetrics,
    readiness: Readiness,
    stop: asyncio.Event,
) -> None:
    """Build the parts and run them until the wish to stop comes.

    Raises:
        TokenRefusedError: Telegram no longer knows the token (in an exception group).
        PresetsError: the operator's presets cannot be used.
    """
    base = Foundation(
        settings=settings, connections=connections, keys=keys, bot=bot, me=await bot.me(), limiter=limiter,
        metrics=metrics,
    )  # fmt: skip
    parts = make_parts(base)
    readiness.receiver = parts.receiver
    leadership = parts.leadership
    async with parts.hook or nullcontext(), aclosing(parts.converter), asyncio.TaskGroup() as tasks:
        tasks.create_task(parts.receiver.run(stop))
        tasks.create_task(parts.updating.run(stop))
        tasks.create_task(ended_jobs.bring(parts.events, parts.job_ended, stop))
        tasks.create_task(parts.answering.run(stop))
        tasks.create_task(leadership.run(stop))
        for loop in parts.loops:
            when = (lambda: leadership.held) if loop.led else (lambda: True)
            tasks.create_task(every(loop.seconds, stop, loop.tick, name=loop.name, when=when))
        tasks.create_task(
            command_menu.offer(
                bot,
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
        self.receiver: Receiver | None = None

    async def check(self) -> Health:
        """Write to Redis, and look when Telegram last answered."""
        try:
            await check_writable(self._redis, self._keys)
        except RedisError as error:
            return Health.failing(f"Redis takes no writes: {type(error).__name__}")
        if self.receiver is None:
            return Health.failing("starting: Telegram has not answered yet")
        return self.receiver.health()
