"""The bot's parts and how they are joined: the one place that knows all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from qwenedit_bot.chat.bot_api import TelegramMessenger
from qwenedit_bot.chat.bot_calls import BotCalls
from qwenedit_bot.chat.migrations import Migrations
from qwenedit_bot.chat.replies import Replies
from qwenedit_bot.common.redis_loss import RedisUptimeClock
from qwenedit_bot.common.ttl_cache import TTLCache
from qwenedit_bot.conversation.account.privacy_notice import Retention
from qwenedit_bot.conversation.account.shop import Shop
from qwenedit_bot.conversation.admin_commands import AdminServices
from qwenedit_bot.conversation.context import Services
from qwenedit_bot.conversation.dispatcher import HandleUpdate, UpdateWork, make_dispatcher
from qwenedit_bot.conversation.editing.dialogue import Dialogues
from qwenedit_bot.edits.addresses import AddressedQueue
from qwenedit_bot.edits.answers.daily_counts import DailyCounts
from qwenedit_bot.edits.answers.delivery import AnswerWork, Deliver
from qwenedit_bot.edits.answers.undelivered import UndeliveredAnswers
from qwenedit_bot.edits.progress import updater
from qwenedit_bot.edits.progress.durations import Durations
from qwenedit_bot.edits.progress.late_edits import LateEdits
from qwenedit_bot.edits.progress.updater import ProgressUpdater
from qwenedit_bot.edits.requests.gates import QueueLengthGate, QuotaGate
from qwenedit_bot.edits.requests.job_ids import JobIds
from qwenedit_bot.edits.requests.submit import Submit
from qwenedit_bot.edits.user_jobs import TICK as FORGET_TICK
from qwenedit_bot.edits.user_jobs import UserJobs
from qwenedit_bot.inbox.inbox import Inbox
from qwenedit_bot.inbox.polling import Poller
from qwenedit_bot.inbox.scheduler import Scheduler
from qwenedit_bot.inbox.webhook import Webhook
from qwenedit_bot.moderation.hook import ModerationHook
from qwenedit_bot.moderation.port import Unmoderated
from qwenedit_bot.payments.payments import Payments
from qwenedit_bot.payments.quotas import Quotas
from qwenedit_bot.pictures.budget import Budget
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.intake import PictureIntake
from qwenedit_bot.pictures.results import Results
from qwenedit_bot.presets import reload
from qwenedit_bot.presets.reload import PresetReloader
from qwenedit_bot.privacy import disk_erasure
from qwenedit_bot.privacy.disk_erasure import DiskErasure
from qwenedit_bot.privacy.user_erasure import UserErasure
from qwenedit_bot.texts import Texts
from qwenedit_bot.upkeep import janitor, picture_cleanup, redis_restore
from qwenedit_bot.upkeep.janitor import Janitor
from qwenedit_bot.upkeep.leader import Leadership
from qwenedit_bot.upkeep.picture_cleanup import PictureCleanup
from qwenedit_bot.upkeep.redis_restore import RedisRestore
from qwenedit_bot.users import broadcast
from qwenedit_bot.users.access_list import AccessList
from qwenedit_bot.users.broadcast import Broadcasts
from qwenedit_bot.users.languages import Languages
from qwenedit_bot.users.update_filter import UpdateFilter
from qwenedit_jobs import Events, JobQueue
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.pictures.opening import picture_store
from qwenedit_jobs.queue.queue import UPLOAD_TTL
from qwenedit_jobs.redis.server_identity import identity
from qwenedit_jobs.workers.registry import Workers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram import Bot
    from aiogram.types import User
    from redis.asyncio import Redis

    from qwenedit_bot.app.settings import BotSettings
    from qwenedit_bot.chat.rate_limit.shared import SharedLimiter
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.common.retention import DataHolder, SearchingDataHolder
    from qwenedit_jobs.pictures.bucket import Bucket
    from qwenedit_telemetry import Health


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


@dataclass(slots=True)
class Connections:
    """Clients of Redis, apart by what would get into each other's way, and of the store of objects."""

    commands: Redis
    blocking: Redis
    raw: Redis
    """Does not decode: for pictures."""
    bucket: Bucket | None = None
    """Has the pictures; None: Redis has them."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Something that is done again and again."""

    name: str
    """For the log."""
    seconds: float
    """From the start of one round to the start of the next."""
    tick: Callable[[], Awaitable[None]]
    led: bool = True
    """The leading replica alone does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What `app` runs."""

    queue: JobQueue
    presets: PresetReloader
    receiver: Receiver
    updating: Scheduler
    events: Events
    job_ended: asyncio.Event
    answering: Scheduler
    leadership: Leadership
    loops: tuple[Loop, ...]
    hook: ModerationHook | None
    converter: Converter
    texts: Texts
    user_erasure: UserErasure


def make_parts(
    settings: BotSettings,
    connections: Connections,
    keys: BotKeys,
    bot: Bot,
    me: User,
    limiter: SharedLimiter,
    metrics: BotMetrics,
) -> Parts:
    """Build the parts; none of them has spoken to Redis or Telegram yet.

    Args:
        settings: The operator's.
        connections: Clients of Redis and of the store of objects.
        keys: Names of the bot's keys.
        bot: The connection to Telegram.
        me: What Telegram says of the bot.
        limiter: The rate limit of all replicas.
        metrics: The bot's.
    """
    redis, ids = connections.commands, JobIds(settings.bot_token.get_secret_value())
    queue = AddressedQueue(
        redis, settings.keys, bot_keys=keys, ids=ids, picture_ttl=settings.picture_ttl,
        on_unreadable=lambda _job: metrics.unreadable.inc(), on_forged=metrics.forged.inc,
    )  # fmt: skip
    store = picture_store(connections.raw, settings.keys, bucket=connections.bucket, ttl=UPLOAD_TTL)
    texts = Texts(default=settings.default_language)
    languages, migrations = Languages(redis, keys, texts), Migrations(redis, keys)
    presets = PresetReloader(settings.presets_file, redis=redis, key=keys.presets, metrics=metrics)
    messenger = TelegramMessenger(bot, BotCalls(limiter, metrics), limiter, migrations)
    clock = RedisUptimeClock()
    replies = Replies(redis, keys, messenger, clock=clock)
    answered: TTLCache[str, float] = TTLCache(most=MOST_ANSWERED, keep=ANSWERED_KEPT, clock=clock)
    update_filter = make_update_filter(settings, redis, keys, metrics, me)
    update_taken, job_ended = asyncio.Event(), asyncio.Event()
    answer_lanes = Lanes(redis, settings.keys.answers, name=settings.bot_id)
    events = Events(connections.blocking, settings.keys, answer_lanes)
    quotas = Quotas(redis, keys, per_day=settings.jobs_per_day, exempt=settings.admins)
    selling = bool(settings.star_packs)
    hook = make_moderation(settings, redis, keys, metrics)
    converter, memory = Converter(killed=metrics.conversions_killed.inc), _picture_memory(metrics)
    submit = Submit(
        queue=queue, limits=settings.limits, store=store,
        intake=PictureIntake(messenger, store, converter, memory), replies=replies, metrics=metrics, answered=answered,
        queue_name=settings.keys.job_queue,
        gates=(QueueLengthGate(queue, settings.limits, replies), QuotaGate(quotas, replies, for_sale=selling)),
        moderation=hook,
    )  # fmt: skip
    undelivered = UndeliveredAnswers(
        redis, keys, queue=queue, events=events, wake=job_ended, keep=round(settings.picture_ttl)
    )
    broadcasts = Broadcasts(redis, keys, messenger, languages)
    inbox = Inbox(redis, keys, name=settings.bot_id, admitted=update_filter.admitted, wake=update_taken, clock=clock)
    payments = Payments(redis, keys)
    user_jobs = UserJobs(
        redis, keys, settings.keys, queue=queue, store=store, picture_ttl=settings.picture_ttl, quotas=quotas,
        replies=replies, answers=answer_lanes, undelivered=undelivered,
    )  # fmt: skip
    holders: tuple[DataHolder | SearchingDataHolder, ...] = (
        user_jobs,  # before the quotas, to which a cancelled job goes back
        quotas, payments, broadcasts, languages, update_filter.access_list, update_filter, replies, undelivered, inbox,
        Dialogues(redis, keys), limiter,
    )  # fmt: skip
    user_erasure = UserErasure(redis, keys, holders)
    services = Services(
        bot_id=keys.bot_id, ids=ids,
        queue=queue, store=store, results=Results(store, converter, memory), submit=submit, replies=replies,
        messenger=messenger, texts=texts, languages=languages, presets=presets, quotas=quotas,
        access_list=update_filter.access_list, user_erasure=user_erasure, user_jobs=user_jobs,
        retention=Retention(
            user_erasure.personal_data, counted=settings.jobs_per_day is not None, checked=hook is not None,
            selling=selling,
        ),
        shop=Shop(settings.star_packs, settings.pay_support, payments, metrics),
        migrations=migrations,
        undelivered=undelivered,
    )  # fmt: skip
    daily_counts = DailyCounts(redis, keys)
    durations = Durations(redis, keys, Workers(redis, settings.keys), paused_key=settings.keys.paused)
    deliver = Deliver(
        queue=queue, store=store, results=services.results, messenger=messenger, replies=replies, texts=texts,
        metrics=metrics, durations=durations, answered=answered, quotas=quotas, daily_counts=daily_counts,
        moderation=hook or Unmoderated(), undelivered=undelivered,
    )  # fmt: skip
    showing = ProgressUpdater(
        queue=queue, messenger=messenger, texts=texts, durations=durations,
        late_edits=LateEdits(redis, keys, queue=queue, events=events, wake=job_ended),
    )  # fmt: skip
    cleaning = Janitor(
        queue=queue,
        redis=redis,
        keys=settings.keys,
        metrics=metrics,
        queue_name=settings.keys.job_queue,
        lanes={"updates": inbox.lanes, "answers": answer_lanes},
    )
    admin = AdminServices(
        queue=queue, workers=Workers(redis, settings.keys), daily_counts=daily_counts, broadcasts=broadcasts
    )
    handle = HandleUpdate(bot, make_dispatcher(redis, keys, services, admin, update_filter), services, metrics)
    receiver = make_receiver(settings, bot, inbox, metrics)
    updating = Scheduler(
        inbox.lanes, UpdateWork(inbox, handle), name="updates", slots=UPDATES_AT_ONCE, wake=update_taken,
        metrics=metrics, server=partial(identity, redis), ordered=True,
    )  # fmt: skip
    answering = Scheduler(
        answer_lanes, AnswerWork(deliver), name="answers", slots=ANSWERS_AT_ONCE, wake=job_ended,
        metrics=metrics, server=partial(identity, redis), ordered=False,
    )  # fmt: skip
    deleting = PictureCleanup(connections.raw, settings.keys, connections.bucket, metrics)
    leadership = Leadership(redis, settings.keys.leader, replica=settings.bot_id)
    metrics.leader.set_function(lambda: float(leadership.held))

    loops = (
        Loop("janitor", janitor.TICK, cleaning.tick),
        Loop("progress", updater.TICK, showing.tick),
        Loop("presets", reload.LOOK_EVERY, presets.look, led=False),
        Loop(
            "redis-restore",
            redis_restore.LOOK_EVERY,
            RedisRestore(redis, replies=replies, updates=inbox, metrics=metrics, clock=clock).tick,
            led=False,
        ),
        Loop("broadcast", broadcast.TICK, broadcasts.tick),
        Loop("forget", FORGET_TICK, user_jobs.tick),
        Loop("pictures", picture_cleanup.TICK, deleting.tick),
        Loop("erasure", disk_erasure.TICK, DiskErasure(redis, keys).tick),
    )
    return Parts(
        queue=queue, presets=presets, receiver=receiver, updating=updating, events=events, job_ended=job_ended,
        answering=answering, leadership=leadership, loops=loops, hook=hook, converter=converter, texts=texts,
        user_erasure=user_erasure,
    )  # fmt: skip


def _picture_memory(metrics: BotMetrics) -> Budget:
    memory = Budget("memory", PICTURE_MEMORY, most_of_one=PICTURE_MEMORY * 5 // 8)
    metrics.pictures_bytes.set_function(lambda: memory.used)
    metrics.pictures_max.set(PICTURE_MEMORY)
    return memory


class Receiver(Protocol):
    """Receives updates from Telegram into the lanes of their chats."""

    async def run(self, stop: asyncio.Event) -> None:
        """Receive until the wish to stop comes."""

    def health(self) -> Health:
        """Whether updates come in."""


def make_receiver(settings: BotSettings, bot: Bot, inbox: Inbox, metrics: BotMetrics) -> Receiver:
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


def make_update_filter(
    settings: BotSettings, redis: Redis, keys: BotKeys, metrics: BotMetrics, me: User
) -> UpdateFilter:
    """Make what knows whose updates are handled."""
    access_list = AccessList(redis, keys, admins=settings.admins, allowed=settings.allowed_users)
    return UpdateFilter(access_list, redis, keys, metrics, username=me.username or "", bot_id=me.id)


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
