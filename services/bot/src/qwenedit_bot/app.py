"""The bot's parts, and how they are joined, started and stopped."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.types import BotCommand
from redis.exceptions import RedisError

from qwenedit_bot import janitor, progress, worker_pods
from qwenedit_bot.calls import CallMiddleware, impatient, status_of
from qwenedit_bot.consumer import BLOCK, Consumer
from qwenedit_bot.deliver import Deliver
from qwenedit_bot.dispatch import HandleUpdate, make_dispatcher
from qwenedit_bot.errors import TokenRefusedError
from qwenedit_bot.handlers.commands import MENU
from qwenedit_bot.handlers.context import Services
from qwenedit_bot.janitor import Janitor
from qwenedit_bot.keys import BotKeys
from qwenedit_bot.leadership import Leadership
from qwenedit_bot.limiter import Limiter
from qwenedit_bot.loops import Backoff, every, pause, unless
from qwenedit_bot.metrics import BotMetrics
from qwenedit_bot.poller import Poller
from qwenedit_bot.progress import Progress
from qwenedit_bot.replies import Replies
from qwenedit_bot.settings import BotSettings
from qwenedit_bot.submit import Submit
from qwenedit_bot.telegram import TelegramMessenger
from qwenedit_bot.texts import LANGUAGES, Texts
from qwenedit_bot.updates import GROUP as UPDATES_GROUP
from qwenedit_bot.updates import UpdateStream
from qwenedit_bot.webhook import Webhook
from qwenedit_bot.worker_pods import DeletionCosts, WorkerPods
from qwenedit_jobs import Events, JobQueue, RedisPictureStore, connect, load
from qwenedit_jobs.events import GROUP as EVENTS_GROUP
from qwenedit_telemetry import Health, setup

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.updates import ReceivedUpdate
    from qwenedit_jobs import Event

MEMORY_RESERVE = 0.1
"""Share of Redis' memory that users' photos leave free: for the results of those before, and for refusals in words."""
UPDATES_AT_ONCE = 50
"""Updates in hand; those of one chat are handled one after another."""
ANSWERS_AT_ONCE = 16

log = structlog.get_logger(__name__)


def main() -> None:
    """Run the bot until SIGTERM. Exit code 2: the settings, or Telegram, refuse the start."""
    settings = load(BotSettings)
    raise SystemExit(asyncio.run(serve(settings)))


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
            blocking=await stack.enter_async_context(connect(settings, block=BLOCK)),
            raw=await stack.enter_async_context(connect(settings, decode=False)),
        )
        metrics = BotMetrics(telemetry.registry)
        limiter = Limiter()
        bot = make_bot(settings, limiter, metrics)
        stack.push_async_callback(bot.session.close)
        readiness = Readiness(connections.commands)
        await stack.enter_async_context(
            telemetry.probe_server(
                host=settings.probe_host, port=settings.probe_port, checks={"/readyz": readiness.check}
            )
        )
        code = 0
        try:
            if await introduce(bot, connections.commands, stop):
                await run(settings, connections, bot, limiter, metrics, readiness, stop)
        except* TokenRefusedError as refused:
            log.error("bot.token_refused", reason=str(refused.exceptions[0]))  # noqa: TRY400 - the reason says it all
            code = 2
    log.info("bot.stopped", code=code)
    return code


@dataclass(frozen=True, slots=True)
class Connections:
    """Clients of Redis, apart by what would get into each other's way."""

    commands: Redis
    blocking: Redis
    raw: Redis
    """Does not decode: for pictures."""


def make_bot(settings: BotSettings, limiter: Limiter, metrics: BotMetrics) -> Bot:
    """Make the connection to Telegram; nothing is sent before its first call."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_api_url))
    session.middleware(CallMiddleware(limiter, metrics))
    return Bot(settings.bot_token.get_secret_value(), session=session)


async def introduce(bot: Bot, redis: Redis, stop: asyncio.Event) -> bool:
    """Wait until Redis and Telegram answer; False when the wish to stop came first.

    Raises:
        TokenRefusedError: Telegram does not know the token.
    """
    backoff = Backoff()
    while not stop.is_set():
        try:
            await redis.ping()
            with impatient():
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
            log.info("bot.started", bot=me.username, bot_id=me.id)
            return True
        await pause(stop, wait)
    return False


async def run(
    settings: BotSettings,
    connections: Connections,
    bot: Bot,
    limiter: Limiter,
    metrics: BotMetrics,
    readiness: Readiness,
    stop: asyncio.Event,
) -> None:
    """Build the parts and run them until the wish to stop comes.

    Raises:
        TokenRefusedError: Telegram no longer knows the token (in an exception group).
    """
    redis = connections.commands
    keys = BotKeys(prefix=settings.keys.prefix, bot_id=bot.id)
    queue = JobQueue(redis, settings.keys)
    store = RedisPictureStore(connections.raw, settings.keys, ttl=settings.picture_ttl, reserve=MEMORY_RESERVE)
    texts = Texts(default=settings.default_language)
    messenger = TelegramMessenger(bot, limiter)
    replies = Replies(redis, keys, messenger)
    submit = Submit(
        queue=queue, limits=settings.limits, store=store, messenger=messenger, replies=replies, metrics=metrics,
        line=settings.keys.job_queue,
    )  # fmt: skip
    services = Services(
        queue=queue, submit=submit, replies=replies, messenger=messenger, texts=texts,
        picture_ttl=settings.picture_ttl,
    )  # fmt: skip
    deliver = Deliver(queue=queue, store=store, messenger=messenger, replies=replies, texts=texts, metrics=metrics)
    drawing = Progress(queue=queue, messenger=messenger, deliver=deliver, texts=texts)
    groups = ((keys.updates, UPDATES_GROUP), (settings.keys.events, EVENTS_GROUP))
    cleaning = Janitor(queue=queue, redis=redis, groups=groups, metrics=metrics)
    handle = HandleUpdate(bot, make_dispatcher(redis, keys, services), services, metrics)

    stream = UpdateStream(connections.blocking, keys, consumer=settings.bot_id)
    intake = make_intake(settings, bot, stream)
    updates: Consumer[ReceivedUpdate] = Consumer(
        stream, handle, lane=lambda update: update.chat, name="updates", concurrency=UPDATES_AT_ONCE,
        give_up_after=600.0,
    )  # fmt: skip
    answers: Consumer[Event] = Consumer(
        Events(connections.blocking, settings.keys, consumer=settings.bot_id),
        deliver,
        lane=lambda event: event.job_id,
        name="answers",
        concurrency=ANSWERS_AT_ONCE,
        give_up_after=None,
    )
    leadership = Leadership(redis, keys.leader, replica=settings.bot_id)
    metrics.leader.set_function(lambda: float(leadership.held))
    readiness.intake = intake

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(intake.run(stop))
        tasks.create_task(updates.run(stop))
        tasks.create_task(answers.run(stop))
        tasks.create_task(leadership.run(stop))
        tasks.create_task(every(janitor.TICK, stop, cleaning.tick, name="janitor", when=lambda: leadership.held))
        tasks.create_task(every(progress.TICK, stop, drawing.tick, name="progress", when=lambda: leadership.held))
        tasks.create_task(offer_commands(bot, texts))
        if settings.worker_pods:
            tasks.create_task(keep_deletion_costs(settings, queue, leadership, stop))


class Intake(Protocol):
    """Receives updates from Telegram into the stream."""

    async def run(self, stop: asyncio.Event) -> None:
        """Receive until the wish to stop comes."""

    def health(self) -> Health:
        """Whether updates come in."""


def make_intake(settings: BotSettings, bot: Bot, stream: UpdateStream) -> Intake:
    """Choose how updates come in."""
    if settings.webhook_url is None or settings.webhook_secret is None or settings.bot_mode == "polling":
        return Poller(bot, stream)
    return Webhook(
        bot,
        stream,
        url=settings.webhook_url,
        secret=settings.webhook_secret,
        host=settings.webhook_host,
        port=settings.webhook_port,
    )


async def keep_deletion_costs(
    settings: BotSettings, queue: JobQueue, leadership: Leadership, stop: asyncio.Event
) -> None:
    """Tell Kubernetes which workers have a job, until the wish to stop comes."""
    namespace, selector = settings.pod_namespace, settings.worker_pods
    async with WorkerPods(settings.kubernetes_url, namespace=namespace, selector=selector) as pods:
        costs = DeletionCosts(queue=queue, pods=pods)
        await every(worker_pods.TICK, stop, costs.tick, name="deletion-cost", when=lambda: leadership.held)


async def offer_commands(bot: Bot, texts: Texts) -> None:
    """Tell Telegram which commands to offer, in each language and as the default."""
    try:
        with impatient():
            for language in (None, *LANGUAGES):
                words = texts.of(language)
                menu = [BotCommand(command=name, description=words(text)) for name, text in MENU.items()]
                await bot.set_my_commands(menu, language_code=language)
    except AiogramError as error:
        log.info("bot.commands_not_offered", status=status_of(error))


class Readiness:
    """Whether the bot does its work now.

    Args:
        redis: Asked at each check.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.intake: Intake | None = None

    async def check(self) -> Health:
        """Ask Redis, and look when Telegram last answered."""
        try:
            await self._redis.ping()
        except RedisError as error:
            return Health.failing(f"Redis does not answer: {type(error).__name__}")
        if self.intake is None:
            return Health.failing("starting: Telegram has not answered yet")
        return self.intake.health()
