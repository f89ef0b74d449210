"""Builds each feature of the bot, from the rooms below it; `parts` joins them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.bot_api import TelegramMessenger
from qwenedit_bot.chat.bot_calls import BotCalls
from qwenedit_bot.chat.migrations import Migrations
from qwenedit_bot.chat.replies import Replies
from qwenedit_bot.edits.addresses import AddressedQueue
from qwenedit_bot.edits.answers.answering import Answering
from qwenedit_bot.edits.answers.delivery import Deliver
from qwenedit_bot.edits.answers.refused import RefusedAnswers
from qwenedit_bot.edits.progress.eta import Eta
from qwenedit_bot.edits.progress.updater import ProgressUpdater
from qwenedit_bot.edits.requests.gates import QueueLengthGate, QuotaGate
from qwenedit_bot.edits.requests.job_ids import JobIds
from qwenedit_bot.edits.requests.rewording import Reword
from qwenedit_bot.edits.requests.submit import Submit
from qwenedit_bot.edits.user_jobs import UserJobs
from qwenedit_bot.moderation.hook import ModerationHook
from qwenedit_bot.payments.payments import Payments
from qwenedit_bot.payments.quotas import Quotas
from qwenedit_bot.pictures.bound import Bound
from qwenedit_bot.pictures.converter import Converter
from qwenedit_bot.pictures.intake import PictureIntake
from qwenedit_bot.pictures.results import Results
from qwenedit_bot.texts import Texts
from qwenedit_bot.users.access_list import AccessList
from qwenedit_bot.users.languages import Languages
from qwenedit_bot.users.update_filter import UpdateFilter
from qwenedit_jobs import Events, RedisPictureStore
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.workers.registry import Workers

if TYPE_CHECKING:
    from qwenedit_bot.app.foundation import Foundation
    from qwenedit_bot.presets.catalogue import Catalogue
    from qwenedit_jobs import PictureStore

PICTURE_MEMORY = 192 * 1024 * 1024
"""Bytes of pictures in memory: all files that are fetched side by side with what becomes of them, and 50 MB more."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """The queue that bot and workers share."""

    ids: JobIds
    queue: AddressedQueue
    store: PictureStore
    workers: Workers
    answers: Lanes
    events: Events
    ended: asyncio.Event
    """Set when there are answers to give."""


def make_jobs(base: Foundation) -> Jobs:
    """Build the bot's side of the queue."""
    settings, ids = base.settings, JobIds(base.settings.bot_token.get_secret_value())
    answers = Lanes(base.redis, settings.keys.answers, name=settings.pod_name)
    return Jobs(
        ids=ids,
        queue=AddressedQueue(base.redis, settings.keys, ids=ids, picture_ttl=settings.picture_ttl),
        store=base.connections.objects
        or RedisPictureStore(base.connections.raw, settings.keys, ttl=settings.picture_ttl),
        workers=Workers(base.redis, settings.keys),
        answers=answers,
        events=Events(base.connections.blocking, settings.keys, answers),
        ended=asyncio.Event(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """The adapter to Telegram."""

    messenger: TelegramMessenger
    replies: Replies
    migrations: Migrations


def make_chat(base: Foundation) -> Chat:
    """Build the adapter to Telegram."""
    migrations = Migrations(base.redis, base.keys)
    messenger = TelegramMessenger(base.bot, BotCalls(base.limiter, base.metrics), base.limiter, migrations)
    replies = Replies(
        base.redis,
        base.keys,
        messenger,
        longest_wait=base.settings.max_wait * base.settings.max_retries,
    )
    return Chat(messenger=messenger, replies=replies, migrations=migrations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Users:
    """Who may use the bot, and in which language."""

    texts: Texts
    languages: Languages
    access_list: AccessList
    update_filter: UpdateFilter


def make_users(base: Foundation) -> Users:
    """Build what knows the users."""
    settings, redis, keys = base.settings, base.redis, base.keys
    texts = Texts()
    languages = Languages(redis, keys, texts)
    access_list = AccessList(redis, keys, admins=settings.admins, allowed=settings.allowed_users)
    return Users(
        texts=texts,
        languages=languages,
        access_list=access_list,
        update_filter=UpdateFilter(
            access_list, redis, keys, base.metrics, username=base.me.username or "", bot_id=base.me.id
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """What users may still ask for, and what they have paid."""

    quotas: Quotas
    payments: Payments


def make_accounts(base: Foundation) -> Accounts:
    """Build quotas and payments."""
    return Accounts(
        quotas=Quotas(base.redis, base.keys, per_day=base.settings.jobs_per_day, exempt=base.settings.admins),
        payments=Payments(base.redis, base.keys),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """What turns files into pictures that are kept, and results into files."""

    intake: PictureIntake
    results: Results


def make_pictures(jobs: Jobs, chat: Chat) -> Pictures:
    """Build what handles pictures, within one bound of memory."""
    memory = Bound("memory", PICTURE_MEMORY)
    return Pictures(
        intake=PictureIntake(chat.messenger, jobs.store, Converter(), memory),
        results=Results(jobs.store, memory, tool=f"qwenedit {version('qwenedit-bot')}"),
    )


def make_moderation(base: Foundation) -> ModerationHook | None:
    """Make the hook that the operator wants asked; None where there is none."""
    settings = base.settings
    if settings.moderation_url is None:
        return None
    return ModerationHook(
        settings.moderation_url,
        token=settings.moderation_token,
        fail_open=settings.moderation_on_error == "allow",
        redis=base.redis,
        keys=base.keys,
        metrics=base.metrics,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """A job's way from a request to its answer."""

    submit: Submit
    reword: Reword
    progress: ProgressUpdater
    eta: Eta
    deliver: Deliver
    user_jobs: UserJobs
    refused: RefusedAnswers


def make_edits(
    base: Foundation, jobs: Jobs, chat: Chat, users: Users, accounts: Accounts, pictures: Pictures,
    hook: ModerationHook | None, presets: Catalogue,
) -> Edits:  # fmt: skip
    """Build what makes requests into jobs, shows their progress and gives their answers."""
    settings, redis, keys, metrics = base.settings, base.redis, base.keys, base.metrics
    queue, store, quotas, replies = jobs.queue, jobs.store, accounts.quotas, chat.replies
    eta = Eta(redis, keys, queue=queue, workers=jobs.workers, paused_key=settings.keys.paused)
    gates = (
        QueueLengthGate(queue, settings.limits, replies),
        QuotaGate(quotas, replies, for_sale=bool(settings.star_packs)),
    )
    return Edits(
        submit=Submit(
            queue=queue, limits=settings.limits, store=store, intake=pictures.intake, replies=replies, metrics=metrics,
            queue_name=settings.keys.job_queue, gates=gates, moderation=hook, presets=presets,
        ),
        eta=eta,
        reword=Reword(queue, pictures.intake, hook),
        progress=ProgressUpdater(queue=queue, messenger=chat.messenger, texts=users.texts, eta=eta, presets=presets),
        deliver=Deliver(
            queue=queue, metrics=metrics, eta=eta, quotas=quotas,
            answering=Answering(
                store=store, results=pictures.results, messenger=chat.messenger, replies=replies, texts=users.texts,
                quotas=quotas, moderation=hook, presets=presets, larger_megapixels=settings.larger_megapixels,
            ),
        ),
        refused=RefusedAnswers(jobs.answers, jobs.ended),
        user_jobs=UserJobs(
            redis, keys, settings.keys, queue=queue, store=store, picture_ttl=settings.picture_ttl, quotas=quotas,
            replies=replies, answers=jobs.answers,
        ),
    )  # fmt: skip
