"""Invoices in Telegram Stars, and what becomes of the money."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram.methods import AnswerPreCheckoutQuery, RefundStarPayment, SendInvoice
from aiogram.types import InlineKeyboardButton

from telegram_simulator.errors import BadRequestError
from telegram_simulator.keyboards import Buttons
from telegram_simulator.methods.registry import Call, answers
from telegram_simulator.methods.sending import charge, post
from telegram_simulator.methods.targets import conversation_of, keyboard_of, reply_target
from telegram_simulator.model import Invoice
from telegram_simulator.payments import tell
from telegram_simulator.rights import check_right
from telegram_simulator.text import RichText

if TYPE_CHECKING:
    from telegram_simulator.render import Json

STARS = "XTR"
MAX_TITLE, MAX_DESCRIPTION = 32, 255
"""Characters (https://core.telegram.org/bots/api#sendinvoice)."""
MAX_PAYLOAD = 128
"""Bytes."""


@answers(SendInvoice)
async def send_invoice(call: Call[SendInvoice]) -> Json:
    """Ask for Stars; money of other kinds is not simulated."""
    method = call.method
    conversation = conversation_of(call, method.chat_id)
    if method.currency != STARS:
        raise BadRequestError("PAYMENT_PROVIDER_INVALID")
    if len(method.prices) != 1 or method.prices[0].amount < 1:
        raise BadRequestError("STARS_INVOICE_INVALID")
    if not 1 <= len(method.title) <= MAX_TITLE or not 1 <= len(method.description) <= MAX_DESCRIPTION:
        raise BadRequestError("INVOICE_TITLE_OR_DESCRIPTION_INVALID")
    if not 1 <= len(method.payload.encode()) <= MAX_PAYLOAD:
        raise BadRequestError("INVOICE_PAYLOAD_INVALID")
    total = method.prices[0].amount
    keyboard = keyboard_of(call, method.reply_markup)
    if keyboard is None:
        keyboard = Buttons.of([[InlineKeyboardButton(text=f"Pay ⭐️{total}", pay=True)]])
    elif not keyboard.rows[0][0].pay:
        raise BadRequestError("the first button of an invoice must be a Pay button")
    reply_to = reply_target(call, conversation)
    check_right(conversation, None)
    charge(call, conversation)
    invoice = Invoice(
        title=method.title, description=method.description, payload=method.payload, currency=STARS, total=total
    )
    return post(call, conversation, RichText(""), keyboard=keyboard, reply_to=reply_to, invoice=invoice)


@answers(AnswerPreCheckoutQuery)
async def answer_pre_checkout_query(call: Call[AnswerPreCheckoutQuery]) -> bool:
    """Agree to be paid, or not."""
    method = call.method
    checkout = call.bot.checkouts.get(method.pre_checkout_query_id)
    if checkout is None or checkout.answer.done():
        raise BadRequestError("query is too old and response timeout expired or query ID is invalid")
    if not method.ok and not method.error_message:
        raise BadRequestError("ERROR_TEXT_EMPTY")
    checkout.answer.set_result(None if method.ok else method.error_message)
    return True


@answers(RefundStarPayment)
async def refund_star_payment(call: Call[RefundStarPayment]) -> bool:
    """Give Stars back, once."""
    method = call.method
    found = call.bot.charges.get(method.telegram_payment_charge_id)
    if found is None or found.user_id != method.user_id:
        raise BadRequestError("CHARGE_NOT_FOUND")
    if found.payment.refunded:
        raise BadRequestError("CHARGE_ALREADY_REFUNDED")
    found.payment = replace(found.payment, refunded=True)
    tell(call.world, call.bot, call.bot.conversations[found.chat_id], sender=call.bot.me, payment=found.payment)
    return True
