"""Admins' commands, in private; for everybody else they're unknown."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.errors import TelegramRefusedError
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.commands import shop
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.conversation.turn import Turn

log = structlog.get_logger(__name__)

_ID = re.compile(r"-?[0-9]{1,19}")


async def pause(turn: Turn) -> None:
    """Pause the queue."""
    await turn.services.queue.pause()
    log.info("admin.paused", admin=turn.user_id)
    await turn.say(View(turn.words(Text.PAUSED)))


async def resume(turn: Turn) -> None:
    """Resume the queue."""
    await turn.services.queue.resume()
    counts = await turn.services.queue.counts()
    log.info("admin.resumed", admin=turn.user_id, waiting=counts.waiting)
    await turn.say(View(turn.words(Text.RESUMED, count=counts.waiting)))


async def ban(turn: Turn) -> None:
    """Ban a user, and cancel their jobs."""
    user = _user(turn)
    if user is None:
        view = View(turn.words(Text.ADMIN_USAGE, usage="/ban 123456789"))
    elif turn.services.access_list.is_admin(user):
        view = View(turn.words(Text.NOT_AN_ADMIN))
    else:
        await turn.services.access_list.ban(user)
        await turn.services.backlog.stop(user)
        jobs = await turn.services.queue.unfinished_ids_of(user)
        for job_id in jobs:
            await turn.services.queue.cancel(job_id)
        log.info("admin.banned", admin=turn.user_id, cancelled=len(jobs))
        view = View(turn.words(Text.BANNED_USER, user=str(user)))
    await turn.say(view)


async def unban(turn: Turn) -> None:
    """End a ban."""
    user = _user(turn)
    if user is None:
        view = View(turn.words(Text.ADMIN_USAGE, usage="/unban 123456789"))
    else:
        await turn.services.access_list.unban(user)
        log.info("admin.unbanned", admin=turn.user_id)
        view = View(turn.words(Text.UNBANNED_USER, user=str(user)))
    await turn.say(view)


async def grant(turn: Turn) -> None:
    """Grant a user jobs beyond the daily ones; once, even if the update is repeated."""
    match turn.args.split():
        case [user, jobs] if _ID.fullmatch(user) and jobs.isdecimal() and 0 < int(jobs) <= 10_000:
            lot = f"granted {turn.chat_id}:{turn.shown}"
            if await turn.services.replies.find(turn.to(turn.shown)) is None:
                await turn.services.quotas.add_lot(int(user), lot, int(jobs))
                log.info("admin.granted", admin=turn.user_id, jobs=int(jobs))
            view = View(turn.words(Text.GRANTED, user=user, count=int(jobs)))
        case _:
            view = View(turn.words(Text.ADMIN_USAGE, usage="/grant 123456789 10"))
    await turn.say(view)


async def refund(turn: Turn) -> None:
    """List a user's payments, or refund one. Repeating it refunds once."""
    words = turn.words
    match turn.args.split():
        case [user] if user.isdecimal():
            payments = await turn.services.shop.payments.of(int(user))
            title = words(Text.PAYMENTS_OF if payments else Text.NO_PAYMENTS, user=user)
            said = shop.listed(title, words, payments)
        case [user, charge] if user.isdecimal():
            said = await _refund(turn, int(user), charge)
        case _:
            said = words(Text.ADMIN_USAGE, usage="/refund 123456789 stx…")
    await turn.say(View(said))


async def _refund(turn: Turn, user_id: int, charge: str) -> str:
    words, services = turn.words, turn.services
    payment = next((each for each in await services.shop.payments.of(user_id) if each.charge == charge), None)
    if payment is None:
        return words(Text.NO_PAYMENTS, user=str(user_id))
    if 0 < payment.refunded < turn.at:  # else by this very command, before a crash
        known = payment.refunded > 1
        when = datetime.fromtimestamp(payment.refunded, UTC).strftime("%Y-%m-%d %H:%M UTC") if known else "-"
        return words(Text.REFUNDED_BEFORE, when=when)
    try:
        await services.messenger.refund(user_id, charge)
    except TelegramRefusedError as error:
        return words(Text.REFUND_REFUSED, why=str(error))
    await services.shop.payments.refunded(user_id, charge, stars=payment.stars, at=payment.at, now=turn.at)
    return words(Text.REFUNDED, stars=payment.stars, user=str(user_id))


def _user(turn: Turn) -> int | None:
    """Return the user whom a command names, or the chat of those who write as it (a negative id)."""
    return int(turn.args) if _ID.fullmatch(turn.args) else None


ALL = {each.__name__: each for each in (pause, resume, ban, unban, grant, refund)}
"""By their names, which are the commands."""
