"""Builds the bot's parts and connects them: the composition root."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import chain
from typing import TYPE_CHECKING

from qwenedit_bot.app.settings import ANSWERS_AT_ONCE, PICTURE_MEMORY, UPDATES_AT_ONCE, BotSettings
from qwenedit_bot.chat.messenger import Messenger
from qwenedit_bot.chat.replies import Replies
from qwenedit_bot.conversation.commands.languages import Languages
from qwenedit_bot.conversation.commands.privacy import Retention
from qwenedit_bot.conversation.dispatcher import UpdateWork
from qwenedit_bot.conversation.draft import Drafts
from qwenedit_bot.conversation.turn import Services
from qwenedit_bot.edits.addresses import AddressedQueue, JobIds
from qwenedit_bot.edits.delivery import Answering, Deliver
from qwenedit_bot.edits.progress.eta import Eta
from qwenedit_bot.edits.progress.updater import ProgressUpdater
from qwenedit_bot.edits.requests.backlog import Backlog
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.edits.requests.submit import Submit
from qwenedit_bot.edits.user_jobs import UserJobs
from qwenedit_bot.inbox.inbox import Inbox
from qwenedit_bot.inbox.polling import Poller
from qwenedit_bot.inbox.scheduler import Scheduler
from qwenedit_bot.inbox.webhook import Webhook
from qwenedit_bot.moderation.hook import ModerationHook
from qwenedit_bot.payments.payments import Payments, Shop
from qwenedit_bot.payments.quotas import Quotas
from qwenedit_bot.pictures.bound import Bound
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.intake import PictureIntake
from qwenedit_bot.pictures.results import Results
from qwenedit_bot.presets import catalogue
from qwenedit_bot.privacy import user_erasure
from qwenedit_bot.privacy.user_erasure import UserErasure
from qwenedit_bot.texts import Texts
from qwenedit_bot.understanding.exact_words import ExactWords
from qwenedit_bot.understanding.language_model import LanguageModel
from qwenedit_bot.upkeep.janitor import Janitor
from qwenedit_bot.upkeep.leadership import Leadership
from qwenedit_bot.users.access_list import AccessList
from qwenedit_jobs import Events, RedisPictureStore, durations
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.redis import state_layout
from qwenedit_jobs.workers.registry import Workers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram import Bot
    from aiogram.types import User
    from redis.asyncio import Redis

    from qwenedit_bot.chat.rate_limit import SharedLimiter
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.understanding.reader import Reader
    from qwenedit_jobs.pictures.object_store import ObjectPictureStore


@dataclass(slots=True)
class Connections:
    """Clients of Redis, separate so that they don't block each other, and of the object store."""

    commands: Redis
    blocking: Redis
    raw: Redis
    """For pictures: doesn't decode."""
    objects: ObjectPictureStore | None = None
    """Stores the pictures; None if Redis does."""


@dataclass(frozen=True, slots=True)
class Foundation:
    """What `run` has once Redis and Telegram answer."""

    settings: BotSettings
    connections: Connections
    keys: BotKeys
    bot: Bot
    me: User
    """The bot's own Telegram user."""
    limiter: SharedLimiter
    metrics: BotMetrics


class Parts:
    """The bot's parts. None calls Redis or Telegram before it runs.

    Raises:
        PresetsError: the operator's presets can't be used.
    """

    def __init__(self, base: Foundation) -> None:
        self._base = base
        settings, redis = base.settings, base.connections.commands
        self.texts = Texts()
        self._presets = catalogue.load(settings.presets_file)
        self.job_ended = asyncio.Event()
        """Set when a job has ended and needs an answer."""
        self._update_taken = asyncio.Event()
        self._ids = JobIds(settings.bot_token.get_secret_value())
        self._queue = AddressedQueue(redis, settings.keys, ids=self._ids, picture_ttl=settings.picture_ttl)
        self._answers = Lanes(redis, settings.keys.answers, name=settings.pod_name)
        self._waiting = Lanes(redis, settings.keys.backlog, name=settings.pod_name)
        self.events = Events(base.connections.blocking, settings.keys, self._answers)
        self.leadership = Leadership(redis, settings.keys.leader, replica=settings.pod_name)
        """Elects the replica that runs `loops`."""
        base.metrics.leader.set_function(lambda: float(self.leadership.held))
        self._users()
        self._requests()
        self.answering = self._scheduler_of_answers()
        self.updating = self._scheduler_of_updates()

    def _users(self) -> None:
        base, settings, keys, redis = self._base, self._base.settings, self._base.keys, self._base.connections.commands
        self._messenger = Messenger(base.bot, base.limiter, base.metrics)
        longest_wait = settings.max_wait * settings.max_retries
        self._replies = Replies(redis, keys, self._messenger, longest_wait=longest_wait)
        self._drafts = Drafts(redis, keys)
        self._languages = Languages(redis, keys, self.texts)
        self._access_list = AccessList(
            redis, keys, base.metrics, admins=settings.admins, allowed=settings.allowed_users
        )
        self._quotas = Quotas(redis, keys, per_day=settings.jobs_per_day, exempt=settings.admins)
        self._payments = Payments(redis, keys)
        self._inbox = Inbox(
            redis, keys, name=settings.pod_name, admits=self._access_list.admits, wake=self._update_taken
        )

    def _requests(self) -> None:
        base, settings, keys, redis = self._base, self._base.settings, self._base.keys, self._base.connections.commands
        memory = Bound("memory", PICTURE_MEMORY)
        self._store = base.connections.objects or RedisPictureStore(
            base.connections.raw, settings.keys, ttl=settings.picture_ttl
        )
        self._results = Results(self._store, memory, tool=f"qwenedit {version('qwenedit-bot')}")
        self._intake = PictureIntake(self._messenger, self._store, Converter(), memory)
        self.hook: ModerationHook | None = None
        """The operator's moderation hook, if there is one."""
        if (url := settings.moderation_url) is not None:
            token = settings.moderation_token
            self.hook = ModerationHook(url, token=token, redis=redis, keys=keys, metrics=base.metrics)
        self.language_model: LanguageModel | None = None
        """The operator's language model, if there is one."""
        if (url := settings.llm_url) is not None:
            self.language_model = LanguageModel(
                url,
                model=settings.llm_model,
                key=settings.llm_api_key,
                timeout=settings.llm_timeout,
                longest=MAX_INSTRUCTION,
                metrics=base.metrics,
            )
        self.reader: Reader = self.language_model or ExactWords()
        submit = Submit(
            queue=self._queue,
            ids=self._ids,
            limits=settings.limits,
            store=self._store,
            intake=self._intake,
            replies=self._replies,
            metrics=base.metrics,
            moderation=self.hook,
            presets=self._presets,
            quotas=self._quotas,
            for_sale=bool(settings.star_packs),
        )
        may_follow = asyncio.Event()
        self._backlog = Backlog(
            lanes=self._waiting,
            wake=may_follow,
            submit=submit,
            queue=self._queue,
            replies=self._replies,
            messenger=self._messenger,
            texts=self.texts,
            presets=self._presets,
        )
        self.following = Scheduler(self._waiting, self._backlog, name="backlog", slots=8, wake=may_follow, ordered=True)
        self._eta = Eta(redis, settings.keys, Workers(redis, settings.keys))
        self._user_jobs = UserJobs(
            redis=redis,
            keys=keys,
            queue=self._queue,
            store=self._store,
            picture_ttl=settings.picture_ttl,
            quotas=self._quotas,
            replies=self._replies,
            answers=self._answers,
        )
        self.user_erasure = UserErasure(
            redis, keys, settings.keys.job_prefix, self._backlog, self._user_jobs, self._quotas, self._inbox
        )
        holders = (*vars(self).values(), base.limiter)
        self.personal_data = tuple(chain.from_iterable(getattr(each, "personal_data", ()) for each in holders))

    def _scheduler_of_answers(self) -> Scheduler:
        answering = Answering(
            store=self._store,
            results=self._results,
            messenger=self._messenger,
            replies=self._replies,
            texts=self.texts,
            quotas=self._quotas,
            moderation=self.hook,
            presets=self._presets,
            larger_megapixels=self._base.settings.larger_megapixels,
        )
        deliver = Deliver(self._queue, answering, self._base.metrics, self._eta, self._quotas, self._backlog)
        return Scheduler(
            self._answers, deliver, name="answers", slots=ANSWERS_AT_ONCE, wake=self.job_ended, ordered=False
        )

    def _scheduler_of_updates(self) -> Scheduler:
        base, settings = self._base, self._base.settings
        retention = Retention(
            self.personal_data,
            counted=settings.jobs_per_day is not None,
            checked=settings.moderation_url is not None,
            selling=bool(settings.star_packs),
            understood=settings.llm_url is not None,
        )
        services = Services(
            bot_id=base.keys.bot_id,
            bot_name=base.me.username or "",
            drafts=self._drafts,
            ids=self._ids,
            queue=self._queue,
            store=self._store,
            results=self._results,
            backlog=self._backlog,
            replies=self._replies,
            messenger=self._messenger,
            texts=self.texts,
            languages=self._languages,
            presets=self._presets,
            quotas=self._quotas,
            access_list=self._access_list,
            user_erasure=self.user_erasure,
            eta=self._eta,
            retention=retention,
            reader=self.reader,
            shop=Shop(settings.star_packs, settings.pay_support, self._payments),
            larger_megapixels=settings.larger_megapixels,
        )
        work = UpdateWork(base.bot, services, self._inbox, self._answers, self.job_ended, base.metrics)
        return Scheduler(
            self._inbox.lanes, work, name="updates", slots=UPDATES_AT_ONCE, wake=self._update_taken, ordered=True
        )

    def receiver(self) -> Poller | Webhook:
        """Return the receiver of updates: by polling or by webhook."""
        settings = self._base.settings
        if settings.webhook_url is None:
            return Poller(self._base.bot, self._inbox)
        return Webhook(
            self._base.bot, self._inbox, url=settings.webhook_url, host=settings.probe_host, port=settings.webhook_port
        )

    def loops(self) -> dict[str, tuple[float, Callable[[], Awaitable[None]]]]:
        """Return the leading replica's periodic tasks by name, each with its interval in seconds."""
        base, redis = self._base, self._base.connections.commands
        cleaning = Janitor(
            queue=self._queue,
            redis=redis,
            metrics=self._base.metrics,
            lanes={"updates": self._inbox.lanes, "answers": self._answers, "backlog": self._waiting},
        )
        progress = ProgressUpdater(
            queue=self._queue, messenger=self._messenger, texts=self.texts, eta=self._eta, presets=self._presets
        )

        async def draw() -> None:
            if not cleaning.idle:
                await progress.tick()

        return {
            "janitor": (1.0, cleaning.tick),  # the most that a retry is late
            "progress": (1.0, draw),
            "forget": (5.0, self._user_jobs.tick),
            "state": (durations.STATE_CHECK, state_layout.StateWatch(redis, base.settings.keys, base.me.id).tick),
            "erasure": (3_600, partial(user_erasure.rewrite_file, redis)),
        }
