"""The bot's parts and how they are joined: the one place that knows all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

from qwenedit_bot.chat.bot_api import Messenger
from qwenedit_bot.chat.migrations import Migrations
from qwenedit_bot.chat.replies import Replies
from qwenedit_bot.conversation.account import Retention
from qwenedit_bot.conversation.dispatcher import HandleUpdate, UpdateWork, make_dispatcher
from qwenedit_bot.conversation.draft import Drafts
from qwenedit_bot.conversation.shop import Shop
from qwenedit_bot.conversation.turn import Services
from qwenedit_bot.edits import user_jobs
from qwenedit_bot.edits.addresses import AddressedQueue
from qwenedit_bot.edits.answers.answering import Answering
from qwenedit_bot.edits.answers.delivery import Deliver
from qwenedit_bot.edits.answers.refused import RefusedAnswers
from qwenedit_bot.edits.progress import updater
from qwenedit_bot.edits.progress.eta import Eta
from qwenedit_bot.edits.progress.updater import ProgressUpdater
from qwenedit_bot.edits.requests.backlog import Backlog
from qwenedit_bot.edits.requests.gates import QueueLengthGate, QuotaGate
from qwenedit_bot.edits.requests.job_ids import JobIds
from qwenedit_bot.edits.requests.rewording import Reword
from qwenedit_bot.edits.requests.submit import Submit
from qwenedit_bot.edits.user_jobs import UserJobs
from qwenedit_bot.inbox.inbox import Inbox
from qwenedit_bot.inbox.polling import Poller
from qwenedit_bot.inbox.scheduler import Scheduler
from qwenedit_bot.inbox.webhook import Webhook
from qwenedit_bot.moderation.hook import ModerationHook
from qwenedit_bot.payments.payments import Payments
from qwenedit_bot.payments.quotas import Quotas
from qwenedit_bot.pictures.bound import Bound
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.intake import PictureIntake
from qwenedit_bot.pictures.results import Results
from qwenedit_bot.presets import catalogue
from qwenedit_bot.presets.search import PresetSearch
from qwenedit_bot.privacy import disk_erasure
from qwenedit_bot.privacy.disk_erasure import DiskErasure
from qwenedit_bot.privacy.user_erasure import UserErasure
from qwenedit_bot.texts import Texts
from qwenedit_bot.upkeep import janitor
from qwenedit_bot.upkeep.janitor import Janitor
from qwenedit_bot.upkeep.leader import Leadership
from qwenedit_bot.users.access_list import AccessList
from qwenedit_bot.users.languages import Languages
from qwenedit_bot.users.update_filter import UpdateFilter
from qwenedit_jobs import Events, RedisPictureStore
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.workers.registry import Workers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwenedit_bot.app.foundation import Foundation
    from qwenedit_telemetry import Health

UPDATES_AT_ONCE = 50
"""Updates in hand, each of another chat."""
ANSWERS_AT_ONCE = 16
"""Answers in hand, each of another chat."""
PICTURE_MEMORY = 192 * 1024 * 1024
"""Bytes of pictures in memory: all files that are fetched side by side with what becomes of them, and 50 MB more."""


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


class Receiver(Protocol):
    """Receives updates from Telegram into the lanes of their chats."""

    async def run(self, stop: asyncio.Event) -> None:
        """Receive until the wish to stop comes."""

    def health(self) -> Health:
        """Whether updates come in."""


class Parts:
    """The bot's parts. None of them speaks to Redis or Telegram before it's run.

    Args:
        base: What they are built from.

    Raises:
        PresetsError: the operator's presets cannot be used.
    """

    def __init__(self, base: Foundation) -> None:
        self._base = base
        self._settings = base.settings
        self._redis = base.redis
        self._keys = base.keys
        self._metrics = base.metrics
        self._update_taken = asyncio.Event()
        self.job_ended = asyncio.Event()
        """Set when there are answers to give."""
        self._presets = catalogue.load(base.settings.presets_file)
        self.texts = Texts()
        self._ids = JobIds(base.settings.bot_token.get_secret_value())
        self._queue = AddressedQueue(
            base.redis, base.settings.keys, ids=self._ids, picture_ttl=base.settings.picture_ttl
        )
        self._store = base.connections.objects or RedisPictureStore(
            base.connections.raw, base.settings.keys, ttl=base.settings.picture_ttl
        )
        self._workers = Workers(base.redis, base.settings.keys)
        self._answers = Lanes(base.redis, base.settings.keys.answers, name=base.settings.pod_name)
        self.events = Events(base.connections.blocking, base.settings.keys, self._answers)
        self._memory = Bound("memory", PICTURE_MEMORY)

    # The adapter to Telegram.

    @cached_property
    def _migrations(self) -> Migrations:
        return Migrations(self._redis, self._keys)

    @cached_property
    def _messenger(self) -> Messenger:
        return Messenger(self._base.bot, self._base.limiter, self._migrations, self._metrics)

    @cached_property
    def _replies(self) -> Replies:
        longest_wait = self._settings.max_wait * self._settings.max_retries
        return Replies(self._redis, self._keys, self._messenger, longest_wait=longest_wait)

    # Users.

    @cached_property
    def _languages(self) -> Languages:
        return Languages(self._redis, self._keys, self.texts)

    @cached_property
    def _access_list(self) -> AccessList:
        return AccessList(self._redis, self._keys, admins=self._settings.admins, allowed=self._settings.allowed_users)

    @cached_property
    def _update_filter(self) -> UpdateFilter:
        me = self._base.me
        return UpdateFilter(
            self._access_list, self._redis, self._keys, self._metrics, username=me.username or "", bot_id=me.id
        )

    @cached_property
    def _quotas(self) -> Quotas:
        settings = self._settings
        return Quotas(self._redis, self._keys, per_day=settings.jobs_per_day, exempt=settings.admins)

    @cached_property
    def _payments(self) -> Payments:
        return Payments(self._redis, self._keys)

    @cached_property
    def user_erasure(self) -> UserErasure:
        """Forgets a user: every feature that has personal data, in the order in which they forget."""
        return UserErasure(
            self._redis,
            self._keys,
            (
                self._backlog,  # before the jobs, whose end would let it follow
                self._user_jobs,  # before the quotas, to which a cancelled job goes back
                self._quotas,
                self._payments,
                self._languages,
                self._access_list,
                self._update_filter,
                self._replies,
                self._inbox,
                Drafts(self._redis, self._keys),
                self._base.limiter,
            ),
        )

    # A job's way from a request to its answer.

    @cached_property
    def hook(self) -> ModerationHook | None:
        """The hook that the operator wants asked; None if there is none."""
        settings = self._settings
        if settings.moderation_url is None:
            return None
        return ModerationHook(
            settings.moderation_url, token=settings.moderation_token,
            fail_open=settings.moderation_on_error == "allow",
            redis=self._redis, keys=self._keys, metrics=self._metrics,
        )  # fmt: skip

    @cached_property
    def _intake(self) -> PictureIntake:
        return PictureIntake(self._messenger, self._store, Converter(), self._memory)

    @cached_property
    def _results(self) -> Results:
        return Results(self._store, self._memory, tool=f"qwenedit {version('qwenedit-bot')}")

    @cached_property
    def _backlog(self) -> Backlog:
        settings = self._settings
        gates = (
            QueueLengthGate(self._queue, settings.limits, self._replies),
            QuotaGate(self._quotas, self._replies, for_sale=bool(settings.star_packs)),
        )
        submit = Submit(
            queue=self._queue, limits=settings.limits, store=self._store, intake=self._intake, replies=self._replies,
            metrics=self._metrics, queue_name=settings.keys.job_queue, gates=gates, moderation=self.hook,
            presets=self._presets,
        )  # fmt: skip
        return Backlog(
            self._redis, self._keys, ids=self._ids, submit=submit, queue=self._queue, replies=self._replies,
            messenger=self._messenger, texts=self.texts, presets=self._presets,
        )  # fmt: skip

    @cached_property
    def _eta(self) -> Eta:
        paused = self._settings.keys.paused
        return Eta(self._redis, self._keys, queue=self._queue, workers=self._workers, paused_key=paused)

    @cached_property
    def _user_jobs(self) -> UserJobs:
        return UserJobs(
            self._redis, self._keys, self._settings.keys, queue=self._queue, store=self._store,
            picture_ttl=self._settings.picture_ttl, quotas=self._quotas, replies=self._replies, answers=self._answers,
        )  # fmt: skip

    @cached_property
    def answering(self) -> Scheduler:
        """Gives answers."""
        answering = Answering(
            store=self._store, results=self._results, messenger=self._messenger, replies=self._replies,
            texts=self.texts, quotas=self._quotas, moderation=self.hook, presets=self._presets,
            larger_megapixels=self._settings.larger_megapixels,
        )  # fmt: skip
        deliver = Deliver(
            queue=self._queue, metrics=self._metrics, eta=self._eta, quotas=self._quotas, answering=answering,
            backlog=self._backlog,
        )  # fmt: skip
        return Scheduler(
            self._answers, deliver, name="answers", slots=ANSWERS_AT_ONCE, wake=self.job_ended, ordered=False
        )

    # Updates.

    @cached_property
    def _inbox(self) -> Inbox:
        return Inbox(
            self._redis, self._keys, name=self._settings.pod_name, admitted=self._update_filter.admitted,
            wake=self._update_taken,
        )  # fmt: skip

    @cached_property
    def receiver(self) -> Receiver:
        """Receives updates, by polling or by a webhook."""
        settings = self._settings
        if settings.webhook_url is None or settings.webhook_secret is None:
            return Poller(self._base.bot, self._inbox)
        return Webhook(
            self._base.bot, self._inbox, url=settings.webhook_url, secret=settings.webhook_secret,
            host=settings.probe_host, port=settings.webhook_port,
        )  # fmt: skip

    @cached_property
    def _services(self) -> Services:
        settings = self._settings
        retention = Retention(
            self.user_erasure.personal_data, counted=settings.jobs_per_day is not None,
            checked=settings.moderation_url is not None, selling=bool(settings.star_packs),
        )  # fmt: skip
        return Services(
            bot_id=self._keys.bot_id, bot_name=self._base.me.username or "",
            drafts=Drafts(self._redis, self._keys), ids=self._ids, queue=self._queue, workers=self._workers,
            store=self._store, results=self._results,
            submit=self._backlog, reword=Reword(self._queue, self._intake, self.hook), replies=self._replies,
            messenger=self._messenger, texts=self.texts, languages=self._languages, presets=self._presets,
            preset_search=PresetSearch(self._presets), quotas=self._quotas, access_list=self._access_list,
            user_erasure=self.user_erasure, user_jobs=self._user_jobs, eta=self._eta, retention=retention,
            shop=Shop(settings.star_packs, settings.pay_support, self._payments), migrations=self._migrations,
            larger_megapixels=settings.larger_megapixels,
        )  # fmt: skip

    @cached_property
    def updating(self) -> Scheduler:
        """Handles updates."""
        dispatcher = make_dispatcher(self._services, self._update_filter)
        handle = HandleUpdate(self._base.bot, dispatcher, self._services, self._metrics)
        work = UpdateWork(self._inbox, handle, RefusedAnswers(self._answers, self.job_ended))
        return Scheduler(
            self._inbox.lanes, work, name="updates", slots=UPDATES_AT_ONCE, wake=self._update_taken, ordered=True
        )

    # What one replica does for all.

    @cached_property
    def leadership(self) -> Leadership:
        """Makes one replica the leader."""
        leadership = Leadership(self._redis, self._settings.keys.leader, replica=self._settings.pod_name)
        self._metrics.leader.set_function(lambda: float(leadership.held))
        return leadership

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        """What is done again and again."""
        cleaning = Janitor(
            queue=self._queue, redis=self._redis, metrics=self._metrics, queue_name=self._settings.keys.job_queue,
            lanes={"updates": self._inbox.lanes, "answers": self._answers},
        )  # fmt: skip
        progress = ProgressUpdater(
            queue=self._queue, messenger=self._messenger, texts=self.texts, eta=self._eta, presets=self._presets
        )
        return (
            Loop("janitor", janitor.TICK, cleaning.tick),
            Loop("progress", updater.TICK, progress.tick),
            Loop("forget", user_jobs.TICK, self._user_jobs.tick),
            Loop("erasure", disk_erasure.TICK, DiskErasure(self._redis, self._keys).tick),
        )
