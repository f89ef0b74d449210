"""The bot's process: connects to Redis and Telegram, runs the parts, and stops on a signal."""

from __future__ import annotations

import asyncio
import gc
import signal
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
import uvloop
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from redis.exceptions import RedisError

from qwenedit_bot.app.parts import Connections, Foundation, Parts
from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.chat.call_errors import status_of
from qwenedit_bot.chat.errors import TokenRefusedError
from qwenedit_bot.chat.rate_limit import SharedLimiter
from qwenedit_bot.chat.session import CallMiddleware, TelegramSession
from qwenedit_bot.common.keys import BotKeys
from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_bot.common.waiting import every, unless
from qwenedit_bot.conversation.commands import menu
from qwenedit_bot.presets.catalogue import PresetsError
from qwenedit_jobs import connect, errors, load
from qwenedit_jobs.backoff import Backoff, pause
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_jobs.redis.connection import check_writable
from qwenedit_jobs.redis.eviction_policy import check_eviction_policy
from qwenedit_jobs.redis.state_layout import check_layout, claim_state
from qwenedit_jobs.workers.registry import Workers, telling
from qwenedit_telemetry import Health, setup, troubles

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiogram.types import User
    from redis.asyncio import Redis

    from qwenedit_jobs import Events, Keys
    from qwenedit_jobs.pictures.object_store import ObjectPictureStore
    from qwenedit_telemetry import Telemetry

REFUSALS = (
    TokenRefusedError,
    errors.EvictionPolicyError,
    errors.StateRefusedError,
    errors.PictureStoreRefusedError,
    PresetsError,
)
"""Errors that a restart doesn't help: exit code 2."""

log = structlog.get_logger(__name__)


def main() -> None:
    """Run the bot until SIGTERM. Exits with 2 if a setting, the presets or Telegram prevent the start."""
    settings = load(BotSettings)
    raise SystemExit(uvloop.run(serve(settings)))


async def serve(settings: BotSettings) -> int:
    """Run the bot until a signal arrives; returns the process' exit code."""
    telemetry = setup(service="bot", level=settings.bot_log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gc.collect()
    gc.freeze()  # else each full collection scans aiogram's types and holds the event loop for 0.2 s
    code = 0
    try:
        await run(settings, telemetry, stop)
    except* REFUSALS as refused:
        code = 2
        why = refused.exceptions[0]
        log.critical("bot.refused", error=type(why).__name__, reason=str(why))
    finally:
        telemetry.close()
    log.info("bot.stopped", code=code)
    return code


async def run(settings: BotSettings, telemetry: Telemetry, stop: asyncio.Event) -> None:
    """Run the bot until the stop event.

    Raises:
        ExceptionGroup: the errors of `introduce` and `run_parts`.
    """
    metrics = BotMetrics(telemetry.registry)
    session = TelegramSession(api=TelegramAPIServer.from_base(settings.telegram_api_url))
    session.middleware(CallMiddleware(metrics))
    bot = Bot(settings.bot_token.get_secret_value(), session=session)
    async with (
        connect(settings) as commands,
        connect(settings, waits=True) as blocking,
        connect(settings, decode=False) as raw,
        bot.context(),
    ):
        connections = Connections(commands, blocking, raw)
        readiness = BotReadiness(commands, settings.keys)
        checks = {"/readyz": readiness.check}
        async with (
            telemetry.probe_server(host=settings.probe_host, port=settings.probe_port, checks=checks),
            telling(Workers(commands, settings.keys), settings.pod_name, troubles),
        ):
            connections.objects = open_objects(settings.pictures_url, on_call=metrics.on_picture_call)
            me = await introduce(bot, connections, settings.keys, stop)
            if me is not None:
                keys = BotKeys(prefix=settings.keys.prefix, bot_id=me.id)
                base = Foundation(settings, connections, keys, bot, me, SharedLimiter(commands, keys), metrics)
                await run_parts(base, readiness, stop)


async def introduce(bot: Bot, connections: Connections, keys: Keys, stop: asyncio.Event) -> User | None:
    """Wait until Redis and Telegram answer; returns the bot's user, or None if the stop event came first.

    Doesn't wait for an object store: everything except pictures works without it.

    Raises:
        TokenRefusedError: Telegram does not know the token.
        EvictionPolicyError: Redis deletes accepted jobs when it is full.
        StateRefusedError: A newer version has written to this Redis, or another bot under this prefix.
        PictureStoreRefusedError: the bot lacks rights in the object store.
    """
    backoff = Backoff()
    if connections.objects is not None:
        await _check_objects(connections.objects)
    while not stop.is_set():
        try:
            await check_eviction_policy(connections.commands)
            await check_layout(connections.commands, keys)
            me = await unless(stop, bot.me())
            if me is not None:
                await claim_state(connections.commands, keys, bot_id=me.id)
        except RedisError as error:
            wait = backoff.next()
            log.warning("start.redis_unavailable", error=error, next_in=round(wait, 1))
        except (TelegramUnauthorizedError, TelegramNotFound):
            raise TokenRefusedError("Telegram does not know this BOT_TOKEN") from None
        except AiogramError as error:
            wait = backoff.next()
            log.warning("start.telegram_unavailable", status=status_of(error), error=error, next_in=round(wait, 1))
        else:
            if me is not None:
                log.info("bot.started", bot=me.username, bot_id=me.id)
            return me
        await pause(stop, wait)
    return None


async def _check_objects(objects: ObjectPictureStore) -> None:
    """Check that the bot may put, get, delete and list pictures."""
    try:
        await objects.check(deletes=True)
    except errors.PictureStoreRefusedError:
        raise
    except errors.PictureStoreUnavailableError as error:
        log.warning("start.pictures_unavailable", error=str(error))
    else:
        log.info("start.pictures_checked", store=objects.url)


async def run_parts(base: Foundation, readiness: BotReadiness, stop: asyncio.Event) -> None:
    """Build the parts and run them until the stop event.

    Raises:
        TokenRefusedError: Telegram no longer knows the token (in an exception group).
        PresetsError: the operator's presets can't be used.
    """
    parts, settings = Parts(base), base.settings
    receiver = parts.receiver()
    readiness.receiving = receiver.health
    async with AsyncExitStack() as clients, asyncio.TaskGroup() as tasks:
        if parts.hook is not None:
            await clients.enter_async_context(aclosing(parts.hook))
        if parts.language_model is not None:
            await clients.enter_async_context(aclosing(parts.language_model))
        for work in (receiver, parts.updating, parts.answering, parts.following, parts.leadership):
            tasks.create_task(work.run(stop))
        tasks.create_task(queue_answers(parts.events, parts.job_ended, stop))
        for name, (seconds, tick) in parts.loops().items():
            tasks.create_task(every(seconds, stop, tick, name=name, when=lambda: parts.leadership.held))
        if parts.language_model is not None:
            tasks.create_task(unless(stop, parts.language_model.check()))
        limited, selling = settings.jobs_per_day is not None, bool(settings.star_packs)
        tasks.create_task(menu.offer(base.bot, parts.texts, stop, limited=limited, selling=selling))


async def queue_answers(events: Events, wake: asyncio.Event, stop: asyncio.Event) -> None:
    """Move ended jobs from the stream into their chats' lanes until the stop event; set `wake` if there are any."""
    backoff, ended = Backoff(), True
    while not stop.is_set():
        try:
            if ended and await events.drain():
                wake.set()
            ended = await unless(stop, events.wait(5.0)) or False
        except RedisError as error:
            ended = True  # maybe more than Redis lets anybody read, which `drain` drops
            wait = backoff.next()
            if wait > 0:
                log.warning("answers.redis_unavailable", error=error, next_in=round(wait, 1))
            await pause(stop, wait)
        else:
            backoff.reset()


@dataclass(slots=True)
class BotReadiness:
    """The bot's readiness."""

    redis: Redis
    keys: Keys
    receiving: Callable[[], Health] | None = None
    """Returns whether updates arrive; None until there's a receiver."""

    async def check(self) -> Health:
        """Check that Redis takes writes and that Telegram answered lately."""
        try:
            await check_writable(self.redis, self.keys)
        except RedisError as error:
            return Health.failing(f"Redis takes no writes: {type(error).__name__}: {error}")
        return self.receiving() if self.receiving else Health.failing("starting: Telegram has not answered yet")
