"""The bot's parts and how they are joined: the one place that knows all of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from qwenedit_bot.app.features import (
    make_accounts,
    make_chat,
    make_edits,
    make_jobs,
    make_moderation,
    make_pictures,
    make_users,
)
from qwenedit_bot.conversation.account.privacy_notice import Retention
from qwenedit_bot.conversation.account.shop import Shop
from qwenedit_bot.conversation.admin_commands import AdminServices
from qwenedit_bot.conversation.context import Services
from qwenedit_bot.conversation.dispatcher import HandleUpdate, UpdateWork, make_dispatcher
from qwenedit_bot.conversation.photos.dialogue import Dialogues
from qwenedit_bot.edits.progress import updater
from qwenedit_bot.edits.user_jobs import TICK as FORGET_TICK
from qwenedit_bot.inbox.inbox import Inbox
from qwenedit_bot.inbox.polling import Poller
from qwenedit_bot.inbox.scheduler import Scheduler
from qwenedit_bot.inbox.webhook import Webhook
from qwenedit_bot.presets import catalogue
from qwenedit_bot.presets.search import PresetSearch
from qwenedit_bot.privacy import disk_erasure
from qwenedit_bot.privacy.disk_erasure import DiskErasure
from qwenedit_bot.privacy.user_erasure import UserErasure
from qwenedit_bot.upkeep import janitor
from qwenedit_bot.upkeep.janitor import Janitor
from qwenedit_bot.upkeep.leader import Leadership

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwenedit_bot.app.features import Accounts, Chat, Edits, Jobs, Users
    from qwenedit_bot.app.foundation import Foundation
    from qwenedit_bot.moderation.hook import ModerationHook
    from qwenedit_bot.texts import Texts
    from qwenedit_jobs import Events, JobQueue
    from qwenedit_telemetry import Health

UPDATES_AT_ONCE = 50
"""Updates in hand, each of another chat."""
ANSWERS_AT_ONCE = 16
"""Answers in hand, each of another chat."""


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
    """What `main` runs."""

    queue: JobQueue
    receiver: Receiver
    updating: Scheduler
    events: Events
    job_ended: asyncio.Event
    answering: Scheduler
    leadership: Leadership
    loops: tuple[Loop, ...]
    hook: ModerationHook | None
    texts: Texts
    user_erasure: UserErasure


def make_parts(base: Foundation) -> Parts:
    """Build the parts; none of them has spoken to Redis or Telegram yet."""
    jobs, chat, accounts = make_jobs(base), make_chat(base), make_accounts(base)
    users, pictures, hook = make_users(base), make_pictures(jobs, chat), make_moderation(base)
    presets = catalogue.load(base.settings.presets_file)
    edits = make_edits(base, jobs, chat, users, accounts, pictures, hook, presets)
    update_taken = asyncio.Event()
    inbox = Inbox(
        base.redis, base.keys, name=base.settings.pod_name, admitted=users.update_filter.admitted, wake=update_taken,
    )  # fmt: skip
    user_erasure = make_user_erasure(base, chat, users, accounts, edits, inbox)
    services = Services(
        bot_id=base.keys.bot_id, ids=jobs.ids, queue=jobs.queue, store=jobs.store, results=pictures.results,
        submit=edits.submit, reword=edits.reword, replies=chat.replies, messenger=chat.messenger, texts=users.texts,
        languages=users.languages, presets=presets, preset_search=PresetSearch(presets), quotas=accounts.quotas,
        access_list=users.access_list, user_erasure=user_erasure, user_jobs=edits.user_jobs, eta=edits.eta,
        retention=make_retention(base, user_erasure),
        shop=Shop(base.settings.star_packs, base.settings.pay_support, accounts.payments),
        migrations=chat.migrations,
        larger_megapixels=base.settings.larger_megapixels,
    )  # fmt: skip
    handle = make_handler(base, services, jobs, users)
    return Parts(
        queue=jobs.queue,
        receiver=make_receiver(base, inbox),
        updating=Scheduler(
            inbox.lanes, UpdateWork(inbox, handle, edits.refused), name="updates", slots=UPDATES_AT_ONCE,
            wake=update_taken, ordered=True,
        ),
        events=jobs.events,
        job_ended=jobs.ended,
        answering=Scheduler(
            jobs.answers, edits.deliver, name="answers", slots=ANSWERS_AT_ONCE, wake=jobs.ended,
            ordered=False,
            last_look=jobs.events.drain,
        ),
        leadership=make_leadership(base),
        loops=make_loops(base, jobs, edits, inbox),
        hook=hook,
        texts=users.texts,
        user_erasure=user_erasure,
    )  # fmt: skip


def make_user_erasure(
    base: Foundation, chat: Chat, users: Users, accounts: Accounts, edits: Edits, inbox: Inbox
) -> UserErasure:
    """Build what forgets a user, from every feature that has personal data, in the order in which they forget."""
    return UserErasure(
        base.redis,
        base.keys,
        (
            edits.user_jobs,  # before the quotas, to which a cancelled job goes back
            accounts.quotas,
            accounts.payments,
            users.languages,
            users.access_list,
            users.update_filter,
            chat.replies,
            inbox,
            Dialogues(base.redis, base.keys),
            base.limiter,
        ),
    )


def make_retention(base: Foundation, user_erasure: UserErasure) -> Retention:
    """Build what /privacy tells."""
    return Retention(
        user_erasure.personal_data,
        counted=base.settings.jobs_per_day is not None,
        checked=base.settings.moderation_url is not None,
        selling=bool(base.settings.star_packs),
    )


def make_handler(base: Foundation, services: Services, jobs: Jobs, users: Users) -> HandleUpdate:
    """Build what handles an update."""
    admin = AdminServices(queue=jobs.queue, workers=jobs.workers)
    dispatcher = make_dispatcher(base.redis, base.keys, services, admin, users.update_filter)
    return HandleUpdate(base.bot, dispatcher, services, base.metrics)


class Receiver(Protocol):
    """Receives updates from Telegram into the lanes of their chats."""

    async def run(self, stop: asyncio.Event) -> None:
        """Receive until the wish to stop comes."""

    def health(self) -> Health:
        """Whether updates come in."""


def make_receiver(base: Foundation, inbox: Inbox) -> Receiver:
    """Choose how updates come in."""
    settings = base.settings
    if settings.webhook_url is None or settings.webhook_secret is None:
        return Poller(base.bot, inbox)
    return Webhook(
        base.bot,
        inbox,
        url=settings.webhook_url,
        secret=settings.webhook_secret,
        host=settings.probe_host,
        port=settings.webhook_port,
    )


def make_leadership(base: Foundation) -> Leadership:
    """Build what makes one replica the leader."""
    leadership = Leadership(base.redis, base.settings.keys.leader, replica=base.settings.pod_name)
    base.metrics.leader.set_function(lambda: float(leadership.held))
    return leadership


def make_loops(
    base: Foundation,
    jobs: Jobs,
    edits: Edits,
    inbox: Inbox,
) -> tuple[Loop, ...]:
    """Build what is done again and again."""
    redis, keys, metrics = base.redis, base.settings.keys, base.metrics
    lanes = {"updates": inbox.lanes, "answers": jobs.answers}
    cleaning = Janitor(
        queue=jobs.queue, redis=redis, metrics=metrics, queue_name=keys.job_queue, lanes=lanes,
    )  # fmt: skip
    return (
        Loop("janitor", janitor.TICK, cleaning.tick),
        Loop("progress", updater.TICK, edits.progress.tick),
        Loop("forget", FORGET_TICK, edits.user_jobs.tick),
        Loop("erasure", disk_erasure.TICK, DiskErasure(redis, base.keys).tick),
    )
