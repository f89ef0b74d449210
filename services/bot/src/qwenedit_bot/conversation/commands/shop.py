"""Sells packs of jobs for Telegram Stars: the offer and the payment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.view import Button, ButtonStyle, Invoice, View, single
from qwenedit_bot.conversation.rules.photos import can_resume
from qwenedit_bot.edits import job_views
from qwenedit_bot.payments.payments import Pack
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.types import PreCheckoutQuery

    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.turn import Services, Turn
    from qwenedit_bot.payments.payments import Payment
    from qwenedit_bot.texts import Words

BUY = "buy"
"""First part of a button's data; the pack follows."""
PACK = "pack"
"""First part of an invoice's payload; the pack follows."""
RESUME = "resume"
"""Data of the button that continues a waiting request."""
STARS = "XTR"

log = structlog.get_logger(__name__)


async def offer(turn: Turn) -> None:
    """Say how many pictures the user has left, and offer the packs."""
    words, packs = turn.words, turn.services.shop.packs
    quota = await turn.services.quotas.of(turn.user_id)
    said = words(Text.NO_LIMIT) if quota is None else job_views.quota_left(words, quota)
    if not packs:
        said = f"{words(Text.FREE)} {said}"
    elif quota is not None:
        said = f"{said}\n\n{words(Text.BUY_HINT if turn.in_group else Text.BUY)}"
    private = quota is not None and not turn.in_group
    label = Text.BUY_BUTTON
    buttons = (Button(words(label, jobs=p.jobs, stars=p.stars), f"{BUY}:{p}", ButtonStyle.PRIMARY) for p in packs)
    await turn.say(View(said, tuple((each,) for each in buttons if private)))


async def send_invoice(turn: Turn) -> None:
    """Send a pack's invoice, once per button press."""
    words, services, pack = turn.words, turn.services, _pack_in(turn.data)
    if pack is None or pack not in services.shop.packs:
        await turn.alert(Text.PACK_GONE)
        return
    to = turn.to(turn.shown, turn.name)
    if await services.replies.find(to) is None:
        invoice = Invoice(
            title=words(Text.INVOICE_TITLE, jobs=pack.jobs),
            description=words(Text.INVOICE_DESCRIPTION),
            payload=f"{PACK}:{pack}",
            stars=pack.stars,
        )
        await services.replies.remember(to, await services.messenger.send_invoice(to, invoice))


async def approve_checkout(query: PreCheckoutQuery, services: Services) -> None:
    """Accept a payment only for a pack on offer, from a user who may use the bot. Records nothing yet."""
    payer, pack = query.from_user, _pack_of(query.invoice_payload)
    words = await services.languages.words_of(payer.id, payer.language_code)
    barred = await services.access_list.refusal(payer.id)
    if barred is not None:
        refusal = words(barred)
    elif pack is None or pack not in services.shop.packs or (query.currency, query.total_amount) != (STARS, pack.stars):
        refusal = words(Text.PACK_GONE)
    else:
        refusal = None
    await services.messenger.answer_checkout(query.id, refusal)


async def credit_payment(turn: Turn) -> bool:
    """Credit a paid pack, even if it's no longer on offer; returns whether the message is a payment for a pack."""
    payment, payer = turn.messages[0].successful_payment if turn.messages else None, turn.event.from_user
    if payment is None or payer is None:
        return False
    words, pack = turn.words, _pack_of(payment.invoice_payload)
    if pack is None:
        log.warning("payment.unknown")
        return False
    charge = payment.telegram_payment_charge_id
    if await turn.services.shop.payments.paid(payer.id, charge, pack, at=turn.at):
        draft = await turn.services.drafts.read(turn.chat_id, payer.id)
        view = waiting_view(words, draft, Text.PAID, jobs=pack.jobs)
    else:
        view = View(words(Text.PAYMENT_RETURNED, stars=payment.total_amount))
    await turn.say(view)
    return True


def waiting_view(words: Words, draft: Draft, text: Text, **values: int) -> View:
    """Return a view with a button that continues a waiting request, if there is one."""
    button = Button(words(Text.RESUME_BUTTON), RESUME, ButtonStyle.PRIMARY)
    return View(words(text, **values), single(button) if can_resume(draft) else ())


async def revoke_payment(turn: Turn) -> None:
    """Remove the unused jobs of a payment that Telegram reports as refunded."""
    payment = turn.messages[0].refunded_payment
    if payment is None:
        return
    charge, stars = payment.telegram_payment_charge_id, payment.total_amount
    await turn.services.shop.payments.refunded(turn.user_id, charge, stars=stars, at=turn.at, now=turn.at)
    await turn.say(View(turn.words(Text.PAYMENT_RETURNED, stars=stars)))


async def support(turn: Turn) -> None:
    """Show the contact and the payments (https://core.telegram.org/bots/payments-stars asks for this command)."""
    words, shop = turn.words, turn.services.shop
    payments = await shop.payments.of(turn.user_id)
    if not shop.support and not payments:
        await offer(turn)
        return
    await turn.say(View(listed(words(Text.PAY_SUPPORT, contact=shop.support or "-"), words, payments)))


def listed(title: str, words: Words, payments: list[Payment]) -> str:
    """Return a title and the newest ten payments."""
    lines = [
        words(
            Text.PAYMENT,
            date=datetime.fromtimestamp(payment.at, UTC).date().isoformat(),
            stars=payment.stars,
            jobs=payment.jobs,
            left=payment.left,
            charge=payment.charge,
            state="refunded" if payment.refunded else "paid",
        )
        for payment in payments[:10]
    ]
    return "\n\n".join([title, *lines])


def _pack_of(payload: str) -> Pack | None:
    """Return an invoice's pack; None if the invoice isn't ours."""
    first, _, rest = payload.partition(":")
    return _pack_in(rest) if first == PACK else None


def _pack_in(said: str) -> Pack | None:
    try:
        return Pack.parse(said)
    except ValueError:
        return None
