"""What admins may command, in private; for everybody else these are unknown commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from aiogram import F, Router
from aiogram.filters import BaseFilter, Command
from aiogram.types import CallbackQuery, Message, TelegramObject

from qwenedit_bot.chat.actors import actor_of, own_words
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation import shop
from qwenedit_bot.conversation.turn import source_of
from qwenedit_bot.texts import Text
from qwenedit_jobs import State
from qwenedit_jobs.model import short_id

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.filters import CommandObject

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words
    from qwenedit_jobs.queue.job_records import Record
    from qwenedit_jobs.queue.operator_queue import OperatorQueue
    from qwenedit_jobs.workers.registry import Workers

log = structlog.get_logger(__name__)

MOST_LISTED = 15
"""Jobs that /queue lists."""
MOST_GRANTED = 10_000
_ID = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class AdminServices:
    """What the admin commands use beside the other handlers' services."""

    queue: OperatorQueue
    workers: Workers


class FromAdmin(BaseFilter):
    """Lets only admins through: by what they wrote or pressed themselves, never by what they forward."""

    async def __call__(self, event: TelegramObject, services: Services) -> bool:
        """Look who sends."""
        if not isinstance(event, Message | CallbackQuery) or (isinstance(event, Message) and not own_words(event)):
            return False
        actor = actor_of(event)
        return actor is not None and services.access_list.is_admin(actor)


async def stats(message: Message, words: Words, services: Services, admin: AdminServices) -> None:
    """Tell how many jobs are where, and how many workers are up."""
    counts, seen = await admin.queue.counts(), (await admin.workers.seen()).workers
    lines = [
        words(
            Text.STATS_QUEUE, waiting=counts.waiting, running=counts.running + counts.draining, dead=counts.dead,
            delayed=counts.delayed,
        ),
        words(Text.STATS_WORKERS, count=len(seen), ready=sum(one.presence.ready for one in seen)),
    ]  # fmt: skip
    if counts.paused:
        lines.append(words(Text.PAUSED))
    await services.replies.say(source_of(message), View("\n".join(lines)))


async def queue(message: Message, words: Words, services: Services, admin: AdminServices) -> None:
    """List the jobs that run and those that are next; no prompts, no pictures."""
    places = await admin.queue.ids_by_state()
    ids = [*places[State.RUNNING], *places[State.QUEUED], *places[State.DELAYED]]
    now = await admin.queue.now()
    records = await admin.queue.records(ids[:MOST_LISTED])
    lines = [_line(words, record, now) for record in records if record.known]
    if len(ids) > MOST_LISTED:
        lines.append(words(Text.QUEUE_MORE, count=len(ids) - MOST_LISTED))
    await services.replies.say(source_of(message), View("\n".join(lines) or words(Text.QUEUE_EMPTY)))


def _line(words: Words, record: Record, now: float) -> str:
    waited = round(now - record.enqueued_at) if record.enqueued_at is not None else 0
    return words(
        Text.QUEUE_JOB, job=short_id(record.id), state=record.state or "", user=str(record.user_id or "-"),
        seconds=waited, worker=record.worker or "-",
    )  # fmt: skip


async def pause(message: Message, words: Words, services: Services, admin: AdminServices) -> None:
    """Let no job begin."""
    await admin.queue.pause()
    log.info("admin.paused", admin=message.chat.id)
    await services.replies.say(source_of(message), View(words(Text.PAUSED)))


async def resume(message: Message, words: Words, services: Services, admin: AdminServices) -> None:
    """Let them begin again."""
    await admin.queue.resume()
    counts = await admin.queue.counts()
    log.info("admin.resumed", admin=message.chat.id, waiting=counts.waiting)
    await services.replies.say(source_of(message), View(words(Text.RESUMED, count=counts.waiting)))


async def ban(message: Message, words: Words, services: Services, command: CommandObject) -> None:
    """Ban a user, and cancel what they wait for."""
    user = _user(command)
    if user is None:
        view = View(words(Text.ADMIN_USAGE, usage="/ban 123456789"))
    elif services.access_list.is_admin(user):
        view = View(words(Text.NOT_AN_ADMIN))
    else:
        await services.access_list.ban(user)
        await services.submit.stop(user)
        jobs = await services.queue.unfinished_ids_of(user)
        for job_id in jobs:
            await services.queue.cancel(job_id)
        log.info("admin.banned", admin=message.chat.id, cancelled=len(jobs))
        view = View(words(Text.BANNED_USER, user=str(user)))
    await services.replies.say(source_of(message), view)


async def unban(message: Message, words: Words, services: Services, command: CommandObject) -> None:
    """End a ban."""
    user = _user(command)
    if user is None:
        view = View(words(Text.ADMIN_USAGE, usage="/unban 123456789"))
    else:
        await services.access_list.unban(user)
        log.info("admin.unbanned", admin=message.chat.id)
        view = View(words(Text.UNBANNED_USER, user=str(user)))
    await services.replies.say(source_of(message), view)


async def grant(message: Message, words: Words, services: Services, command: CommandObject) -> None:
    """Give a user jobs beyond those of the day; once, however often the update comes."""
    match (command.args or "").split():
        case [user, jobs] if _ID.fullmatch(user) and jobs.isdecimal() and 0 < int(jobs) <= MOST_GRANTED:
            lot = f"granted {message.chat.id}:{message.message_id}"
            if await services.replies.find(source_of(message)) is None:
                await services.quotas.add_lot(int(user), lot, int(jobs))
                log.info("admin.granted", admin=message.chat.id, jobs=int(jobs))
            view = View(words(Text.GRANTED, user=user, count=int(jobs)))
        case _:
            view = View(words(Text.ADMIN_USAGE, usage="/grant 123456789 10"))
    await services.replies.say(source_of(message), view)


def _user(command: CommandObject) -> int | None:
    """Return the user whom a command names, or the chat of those who write as it (a negative id)."""
    said = (command.args or "").strip()
    return int(said) if _ID.fullmatch(said) else None


def make_router() -> Router:
    """Make the router of the admin commands."""
    router = Router(name="admin")
    router.message.filter(FromAdmin(), F.text)
    handlers: dict[str, Callable[..., Awaitable[None]]] = {
        "stats": stats, "queue": queue, "pause": pause, "resume": resume, "ban": ban, "unban": unban, "grant": grant,
        "refund": shop.refund,
    }  # fmt: skip
    for name, handler in handlers.items():
        router.message.register(handler, Command(name))
    return router
