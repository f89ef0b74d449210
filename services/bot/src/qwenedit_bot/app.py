"""The bot's parts, and how they are joined, started and stopped."""

from __future__ import annotations

import asyncio
import signal
from contextlib import AsyncExitStack, aclosing, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import structlog
import uvloop
from aiogram import Bot
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.utils.token import extract_bot_id
from redis.exceptions import RedisError

from qwenedit_bot.admin import broadcast
from qwenedit_bot.admin.broadcast import Broadcasts
from qwenedit_bot.chat.bot_api import TelegramMessenger
from qwenedit_bot.chat.bot_calls import BotCalls
from qwenedit_bot.chat.call_metrics import CallMiddleware, status_of
from qwenedit_bot.chat.changes import Together
from qwenedit_bot.chat.errors import TokenRefusedError
from qwenedit_bot.chat.migrations import Migrations
from qwenedit_bot.chat.rate_limit.shared import SharedLimiter
from qwenedit_bot.chat.replies import Replies
from qwenedit_bot.chat.session import Session
from qwenedit_bot.common.recent import PresenceClock, Recent
from qwenedit_bot.common.waiting import Backoff, every, pause, unless
from qwenedit_bot.conversation import command_menu
from qwenedit_bot.conversation.account.retention import Keeping
from qwenedit_bot.conversation.account.shop import Shop
from qwenedit_bot.conversation.admin_commands import Office
from qwenedit_bot.conversation.context import Services
from qwenedit_bot.conversation.dispatcher import HandleUpdate, UpdateWork, make_dispatcher
from qwenedit_bot.edits.addresses import AddressedQueue
from qwenedit_bot.edits.answers import ended_jobs
from qwenedit_bot.edits.answers.daily_counts import DailyCounts
from qwenedit_bot.edits.answers.delivery import AnswerWork, Deliver
from qwenedit_bot.edits.answers.undelivered import Undelivered
from qwenedit_bot.edits.progress import messages as progress
from qwenedit_bot.edits.progress.durations import Durations
from qwenedit_bot.edits.progress.late_progress import Drawing
from qwenedit_bot.edits.progress.messages import Progress
from qwenedit_bot.edits.requests.gates import DailyGate, RoomGate
from qwenedit_bot.edits.requests.job_ids import JobIds
from qwenedit_bot.edits.requests.submit import Submit
from qwenedit_bot.inbox import old_stream, restore
from qwenedit_bot.inbox.inbox import Inbox
from qwenedit_bot.inbox.old_stream import Adoption
from qwenedit_bot.inbox.polling import Poller
from qwenedit_bot.inbox.restore import Recall
from qwenedit_bot.inbox.scheduler import Scheduler
from qwenedit_bot.inbox.webhook import Webhook
from qwenedit_bot.keys import BotKeys
from qwenedit_bot.metrics import BotMetrics
from qwenedit_bot.moderation.hook import ModerationHook
from qwenedit_bot.moderation.port import Unmoderated
from qwenedit_bot.payments.accounts import Accounts
from qwenedit_bot.payments.ledger import Payments
from qwenedit_bot.pictures.budget import Budget
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.intake import Intake as PictureIntake
from qwenedit_bot.pictures.results import Results
from qwenedit_bot.presets import reload
from qwenedit_bot.presets.catalogue import PresetsError
from qwenedit_bot.presets.reload import PresetReloader
from qwenedit_bot.privacy import disk_erasure, forget
from qwenedit_bot.privacy.disk_erasure import Erasure
from qwenedit_bot.privacy.forget import Forgetting
from qwenedit_bot.settings import BotSettings
from qwenedit_bot.texts import Texts
from qwenedit_bot.upkeep import deletion_cost, janitor
from qwenedit_bot.upkeep.deletion_cost import DeletionCosts, WorkerPods
from qwenedit_bot.upkeep.janitor import Janitor
from qwenedit_bot.upkeep.leader import Leadership
from qwenedit_bot.users.access import Access
from qwenedit_bot.users.access_list import AccessList
from qwenedit_bot.users.languages import Languages
from qwenedit_bot.warm import warm_up
from qwenedit_jobs import Events, EvictionPolicyError, JobQueue, RedisPictureStore, connect, load
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.queue.pictures import UPLOAD_TTL
from qwenedit_jobs.redis.identity import identity
from qwenedit_jobs.redis.policy import check_eviction_policy
from qwenedit_jobs.workers.presence import Workers
from qwenedit_telemetry import Health, setup

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.chat.rate_limit.limits import Pace

PICTURE_MEMORY = 160 * 1024 * 1024
"""Bytes of pictures in memory: three of the largest files with what becomes of them, or one of the largest results."""
UPDATES_AT_ONCE = 50
"""Updates in hand, each of another chat."""
ANSWERS_AT_ONCE = 16
"""Answers in hand, each of another chat."""
MOST_ANSWERED = 5_000
"""Answered jobs that this process knows as well, should Redis forget them."""
ANSWERED_KEPT = 3_600.0
"""Seconds: longer than a job whose end was forgotten takes to end again."""

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
        warm_up()
        metrics = BotMetrics(telemetry.registry)
        keys = BotKeys(prefix=settings.keys.prefix, bot_id=extract_bot_id(settings.bot_token.get_secret_value()))
        limiter = SharedLimiter(connections.commands, keys)
        bot = make_bot(settings, metrics)
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
                await run(settings, connections, keys, bot, limiter, metrics, readiness, stop)
        except* TokenRefusedError as refused:
            log.error("bot.token_refused", reason=str(refused.exceptions[0]))  # noqa: TRY400 - the reason says it all
            code = 2
        except* EvictionPolicyError as refused:
            log.error("bot.redis_refused", reason=str(refused.exceptions[0]))  # noqa: TRY400 - the reason says it all
            code = 2
        except* PresetsError as refused:
            log.error("bot.presets_refused", reason=str(refused.exceptions[0]))  # noqa: TRY400 - the reason says it all
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


def make_bot(settings: BotSettings, metrics: BotMetrics) -> Bot:
    """Make the connection to Telegram; nothing is sent before its first call."""
    session = Session(api=TelegramAPIServer.from_base(settings.telegram_api_url))
    session.middleware(CallMiddleware(metrics))
    return Bot(settings.bot_token.get_secret_value(), session=session)


async def introduce(bot: Bot, redis: Redis, stop: asyncio.Event) -> bool:
    """Wait until Redis and Telegram answer; False when the wish to stop came first.

    Raises:
        TokenRefusedError: Telegram does not know the token.
        EvictionPolicyError: Redis deletes accepted jobs when it is full.
    """
    backoff = Backoff()
    while not stop.is_set():
        try:
            await check_eviction_policy(redis)
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


def _picture_memory(metrics: BotMetrics) -> Budget:
    memory = Budget("memory", PICTURE_MEMORY, most_of_one=PICTURE_MEMORY * 5 // 8)
    metrics.pictures_bytes.set_function(lambda: memory.used)
    metrics.pictures_max.set(PICTURE_MEMORY)
    return memory


async def run(
    settings: BotSettings,
    connections: Connections,
    keys: BotKeys,
    bot: Bot,
    limiter: Pace,
    metrics: BotMetrics,
    readiness: Readiness,
    stop: asyncio.Event,
) -> None:
    """Build the parts and run them until the wish to stop comes.

    Raises:
        TokenRefusedError: Telegram no longer knows the token (in an exception group).
        PresetsError: the operator's presets cannot be used.
    """
    redis, ids = connections.commands, JobIds(settings.bot_token.get_secret_value())
    queue = AddressedQueue(
        redis, settings.keys, bot_keys=keys, ids=ids, picture_ttl=settings.picture_ttl,
        on_unreadable=lambda _job: metrics.unreadable.inc(), on_forged=metrics.forged.inc,
    )  # fmt: skip
    store = RedisPictureStore(connections.raw, settings.keys, ttl=UPLOAD_TTL)
    texts = Texts(default=settings.default_language)
    languages, migrations = Languages(redis, keys, texts), Migrations(redis, keys)
    presets = PresetReloader(settings.presets_file, redis=redis, key=keys.presets, metrics=metrics)
    await presets.open()
    messenger = TelegramMessenger(bot, BotCalls(limiter, metrics), limiter, migrations)
    clock = PresenceClock()
    replies = Replies(redis, keys, messenger, clock=clock)
    answered: Recent[str, float] = Recent(most=MOST_ANSWERED, keep=ANSWERED_KEPT, clock=clock)
    access = await make_access(settings, bot, redis, keys, metrics)
    update_taken, job_ended = asyncio.Event(), asyncio.Event()
    answer_lanes = Lanes(redis, settings.keys.answers, name=settings.bot_id)
    events = Events(connections.blocking, settings.keys, answer_lanes)
    accounts = Accounts(redis, keys, per_day=settings.jobs_per_day, exempt=settings.admins)
    selling = bool(settings.star_packs)
    hook = make_moderation(settings, redis, keys, metrics)
    converter, memory = Converter(killed=metrics.conversions_killed.inc), _picture_memory(metrics)
    submit = Submit(
        queue=queue, limits=settings.limits, store=store,
        intake=PictureIntake(messenger, store, converter, memory), replies=replies, metrics=metrics, answered=answered,
        line=settings.keys.job_queue,
        gates=(RoomGate(queue, settings.limits, replies), DailyGate(accounts, replies, for_sale=selling)),
        moderation=hook,
    )  # fmt: skip
    undelivered = Undelivered(redis, keys, queue=queue, events=events, wake=job_ended, keep=round(settings.picture_ttl))
    broadcasts = Broadcasts(redis, keys, messenger, languages)
    forgetting = Forgetting(
        redis, keys, queue=queue, store=store, accounts=accounts, replies=replies, broadcasts=broadcasts
    )
    services = Services(
        bot_id=keys.bot_id, ids=ids,
        queue=queue, store=store, results=Results(store, converter, memory), submit=submit, replies=replies,
        messenger=messenger, texts=texts, languages=languages, presets=presets, accounts=accounts,
        access_list=access.access_list, forgetting=forgetting,
        keeping=Keeping(
            settings.picture_ttl, counted=settings.jobs_per_day is not None, checked=hook is not None, selling=selling
        ),
        shop=Shop(settings.star_packs, settings.pay_support, Payments(redis, keys), metrics),
        chats=Together(migrations, undelivered),
    )  # fmt: skip
    daily_counts = DailyCounts(redis, keys)
    durations = Durations(redis, keys, Workers(redis, settings.keys), paused_key=settings.keys.paused)
    deliver = Deliver(
        queue=queue, store=store, results=services.results, messenger=messenger, replies=replies, texts=texts,
        metrics=metrics, durations=durations, answered=answered, accounts=accounts, daily_counts=daily_counts,
        moderation=hook or Unmoderated(), undelivered=undelivered,
    )  # fmt: skip
    showing = Progress(
        queue=queue, messenger=messenger, texts=texts, durations=durations,
        drawing=Drawing(redis, keys, queue=queue, events=events, wake=job_ended),
    )  # fmt: skip
    inbox = Inbox(redis, keys, name=settings.bot_id, door=access, wake=update_taken, clock=clock)
    cleaning = Janitor(
        queue=queue,
        redis=redis,
        metrics=metrics,
        line=settings.keys.job_queue,
        lanes={"updates": inbox.lanes, "answers": answer_lanes},
    )
    office = Office(
        queue=queue, workers=Workers(redis, settings.keys), daily_counts=daily_counts, broadcasts=broadcasts
    )
    handle = HandleUpdate(bot, make_dispatcher(redis, keys, services, office, access), services, metrics)
    intake = make_intake(settings, bot, inbox, metrics)
    updating = Scheduler(
        inbox.lanes, UpdateWork(inbox, handle), name="updates", slots=UPDATES_AT_ONCE, wake=update_taken,
        metrics=metrics, server=partial(identity, redis), ordered=True,
    )  # fmt: skip
    answering = Scheduler(
        answer_lanes, AnswerWork(deliver), name="answers", slots=ANSWERS_AT_ONCE, wake=job_ended,
        metrics=metrics, server=partial(identity, redis), ordered=False,
    )  # fmt: skip
    leadership = Leadership(redis, settings.keys.leader, replica=settings.bot_id)
    metrics.leader.set_function(lambda: float(leadership.held))
    readiness.intake = intake

    async with hook or nullcontext(), aclosing(converter), asyncio.TaskGroup() as tasks:
        tasks.create_task(intake.run(stop))
        tasks.create_task(updating.run(stop))
        tasks.create_task(ended_jobs.bring(events, job_ended, stop))
        tasks.create_task(answering.run(stop))
        tasks.create_task(leadership.run(stop))
        for seconds, tick, name, when in (
            (janitor.TICK, cleaning.tick, "janitor", lambda: leadership.held),
            (progress.TICK, showing.tick, "progress", lambda: leadership.held),
            (
                old_stream.LOOK_EVERY,
                Adoption(redis, keys, inbox, wake=update_taken, alone=isinstance(intake, Poller)).tick,
                "adoption",
                lambda: True,
            ),
            (reload.LOOK_EVERY, presets.look, "presets", lambda: True),
            (
                restore.LOOK_EVERY,
                Recall(redis, replies=replies, updates=inbox, metrics=metrics, clock=clock).tick,
                "recall",
                lambda: True,
            ),
            (broadcast.TICK, broadcasts.tick, "broadcast", lambda: leadership.held),
            (forget.TICK, forgetting.tick, "forget", lambda: leadership.held),
            (disk_erasure.TICK, Erasure(redis, keys).tick, "erasure", lambda: leadership.held),
        ):
            tasks.create_task(every(seconds, stop, tick, name=name, when=when))
        tasks.create_task(
            command_menu.offer(
                bot, texts, stop, limited=settings.jobs_per_day is not None, selling=selling, admins=settings.admins
            )
        )
        if settings.worker_pods:
            tasks.create_task(keep_deletion_costs(settings, queue, leadership, stop))


class Intake(Protocol):
    """Receives updates from Telegram into the lanes of their chats."""

    async def run(self, stop: asyncio.Event) -> None:
        """Receive until the wish to stop comes."""

    def health(self) -> Health:
        """Whether updates come in."""


def make_intake(settings: BotSettings, bot: Bot, inbox: Inbox, metrics: BotMetrics) -> Intake:
    """Choose how updates come in."""
    if settings.webhook_url is None or settings.webhook_secret is None or settings.bot_mode == "polling":
        return Poller(bot, inbox)
    return Webhook(
        bot,
        inbox,
        url=settings.webhook_url,
        secret=settings.webhook_secret,
        host=settings.webhook_host,
        port=settings.webhook_port,
        metrics=metrics,
    )


async def make_access(settings: BotSettings, bot: Bot, redis: Redis, keys: BotKeys, metrics: BotMetrics) -> Access:
    """Make what knows whose updates are handled."""
    access_list = AccessList(redis, keys, admins=settings.admins, allowed=settings.allowed_users)
    me = await bot.me()
    return Access(access_list, redis, keys, metrics, username=me.username or "", bot_id=me.id)


def make_moderation(settings: BotSettings, redis: Redis, keys: BotKeys, metrics: BotMetrics) -> ModerationHook | None:
    """Make the hook that the operator wants asked; None where there is none."""
    if settings.moderation_url is None:
        return None
    return ModerationHook(
        settings.moderation_url,
        token=settings.moderation_token,
        timeout=settings.moderation_timeout,
        fail_open=settings.moderation_on_error == "allow",
        redis=redis,
        keys=keys,
        metrics=metrics,
    )


async def keep_deletion_costs(
    settings: BotSettings, queue: JobQueue, leadership: Leadership, stop: asyncio.Event
) -> None:
    """Tell Kubernetes which workers have a job, until the wish to stop comes."""
    namespace, selector = settings.pod_namespace, settings.worker_pods
    async with WorkerPods(settings.kubernetes_url, namespace=namespace, selector=selector) as pods:
        costs = DeletionCosts(queue=queue, pods=pods)
        await every(deletion_cost.TICK, stop, costs.tick, name="deletion-cost", when=lambda: leadership.held)


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
