"""Telegram Stars: people pay a bot's invoices, after the bot has said that it still wants the money.

The steps are those of https://core.telegram.org/bots/payments-stars: the bot is asked, has ten seconds to agree, and
is told of the payment by a message. Everybody has as many Stars as they like.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from telegram_simulator.bot_api.methods.payments import post_payment
from telegram_simulator.bot_api.render import user_json
from telegram_simulator.common.errors import ControlError, NoSuchThingError
from telegram_simulator.messages.model import Payment
from telegram_simulator.world.bots import Charge, Checkout

if TYPE_CHECKING:
    from telegram_simulator.people.people import Place
    from telegram_simulator.world.world import World

PATIENCE = 10.0
"""Seconds that a bot has to agree (https://core.telegram.org/bots/api#answerprecheckoutquery)."""


class StarPayments:
    """Takes people's Stars.

    Args:
        world: Where they live.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._checkouts = itertools.count(1)

    async def pay(self, place: Place, message_id: int) -> str:
        """Pay the invoice of a message; returns the charge's id.

        Raises:
            NoSuchThingError: There is no invoice in it.
            ControlError: It is paid already, or the bot does not agree, or does not answer.
        """
        message = place.conversation.find(message_id)
        if message is None or message.invoice is None:
            raise NoSuchThingError(f"there is no invoice {message_id}")
        if message.invoice.paid:
            raise ControlError("this invoice is paid")
        checkout = Checkout(asyncio.get_running_loop().create_future())
        checkout_id = f"{place.user.id}{next(self._checkouts):09d}"
        place.bot.checkouts[checkout_id] = checkout
        invoice = message.invoice
        asked = {"currency": invoice.currency, "total_amount": invoice.total, "invoice_payload": invoice.payload}
        place.bot.updates.add("pre_checkout_query", {"id": checkout_id, "from": user_json(place.user), **asked})
        try:
            async with asyncio.timeout(PATIENCE):
                refusal = await checkout.answer
        except TimeoutError:
            raise ControlError("the bot did not answer in time: nothing was paid") from None
        finally:
            place.bot.checkouts.pop(checkout_id, None)
        if refusal is not None:
            raise ControlError(refusal or "the bot does not want the money")
        payment = Payment(
            charge_id=f"stx{secrets.token_urlsafe(24)}",
            payload=invoice.payload,
            currency=invoice.currency,
            total=invoice.total,
        )
        place.bot.charges[payment.charge_id] = Charge(place.user.id, place.conversation.chat.id, payment)
        place.conversation.replace(replace(message, invoice=replace(invoice, paid=True), keyboard=()))
        post_payment(self._world, place.bot, place.conversation, sender=place.user, payment=payment)
        return payment.charge_id
