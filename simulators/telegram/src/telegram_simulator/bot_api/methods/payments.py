"""Invoices in Telegram Stars, and what becomes of the money."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram.methods import AnswerPreCheckoutQuery, RefundStarPayment, SendInvoice

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.methods.sending import charge, post
from telegram_simulator.bot_api.methods.targets import conversation_of, reply_target
from telegram_simulator.bot_api.render import message_json
from telegram_simulator.common.errors import ApiError
from telegram_simulator.messages.keyboards import Button
from telegram_simulator.messages.model import Invoice
from telegram_simulator.world.group_rights import check_right

if TYPE_CHECKING:
    from telegram_simulator.bot_api.render import Json
    from telegram_simulator.messages.model import Payment, User
    from telegram_simulator.world.bots import Bot
    from telegram_simulator.world.chats import Conversation
    from telegram_simulator.world.world import World

STARS = "XTR"
MAX_TITLE, MAX_DESCRIPTION = 32, 255
"""Characters (https://core.telegram.org/bots/api#sendinvoice)."""


@answers(SendInvoice)
async def send_invoice(call: Call[SendInvoice]) -> Json:
    """Ask for Stars; money of other kinds is not simulated."""
    method = call.method
    conversation = conversation_of(call, method.chat_id)
    if method.currency != STARS:
        raise ApiError("PAYMENT_PROVIDER_INVALID")
    if not 1 <= len(method.title) <= MAX_TITLE or not 1 <= len(method.description) <= MAX_DESCRIPTION:
        raise ApiError("INVOICE_TITLE_OR_DESCRIPTION_INVALID")
    total = method.prices[0].amount
    keyboard = call.buttons or ((Button(f"Pay ⭐️{total}", pay=True),),)
    reply_to = reply_target(call, conversation)
    check_right(conversation, None)
    charge(call, conversation)
    invoice = Invoice(
        title=method.title, description=method.description, payload=method.payload, currency=STARS, total=total
    )
    return post(call, conversation, keyboard=keyboard, reply_to=reply_to, invoice=invoice)


@answers(AnswerPreCheckoutQuery)
async def answer_pre_checkout_query(call: Call[AnswerPreCheckoutQuery]) -> bool:
    """Agree to be paid, or not."""
    method = call.method
    checkout = call.bot.checkouts.get(method.pre_checkout_query_id)
    if checkout is None or checkout.done():
        raise ApiError("query is too old and response timeout expired or query ID is invalid")
    checkout.set_result(None if method.ok else method.error_message)
    return True


@answers(RefundStarPayment)
async def refund_star_payment(call: Call[RefundStarPayment]) -> bool:
    """Give Stars back, once."""
    method = call.method
    found = call.bot.charges.get(method.telegram_payment_charge_id)
    if found is None or found.user_id != method.user_id:
        raise ApiError("CHARGE_NOT_FOUND")
    if found.payment.refunded:
        raise ApiError("CHARGE_ALREADY_REFUNDED")
    found.payment = replace(found.payment, refunded=True)
    post_payment(call.world, call.bot, call.bot.conversations[found.chat_id], sender=call.bot.me, payment=found.payment)
    return True


def post_payment(world: World, bot: Bot, conversation: Conversation, *, sender: User, payment: Payment) -> None:
    """Put a message about a payment, or about its return, into a chat, and tell the bot."""
    message = conversation.post(sender, payment=payment, outgoing=sender == bot.me)
    bot.updates.add("message", message_json(world, conversation, message))
