"""Stars: an invoice is paid once, after the bot has agreed, and given back once."""

from __future__ import annotations

import asyncio

import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LabeledPrice

from telegram_simulator.client import RefusedError

PRICE = [LabeledPrice(label="10 pictures", amount=50)]


async def send_invoice(bot, ann, **more):
    wish = {
        "title": "10 pictures", "description": "They do not expire.", "payload": "pack:10", "currency": "XTR",
        "prices": PRICE,
    } | more  # fmt: skip
    return await bot.send_invoice(ann.id, **wish)


async def asked(bot):
    """Return the question before the payment as soon as it comes."""
    (update,) = await bot.get_updates(timeout=30)
    await bot.get_updates(offset=update.update_id + 1)
    return update.pre_checkout_query


async def paid(bot, ann):
    """Have an invoice paid; returns it, the charge and the message that tells of it."""
    invoice = await send_invoice(bot, ann)
    paying = asyncio.create_task(ann.pay(invoice.message_id))
    await bot.answer_pre_checkout_query((await asked(bot)).id, ok=True)
    charge = await paying
    (update,) = await bot.get_updates()
    await bot.get_updates(offset=update.update_id + 1)
    return invoice, charge, update.message


async def test_invoice_is_paid_after_the_bot_has_agreed_and_only_once(bot, ann):
    invoice = await send_invoice(bot, ann)
    assert (invoice.invoice.title, invoice.invoice.total_amount) == ("10 pictures", 50)
    assert invoice.reply_markup.inline_keyboard[0][0].pay
    paying = asyncio.create_task(ann.pay(invoice.message_id))
    question = await asked(bot)
    assert (question.invoice_payload, question.total_amount, question.currency) == ("pack:10", 50, "XTR")
    assert question.from_user.id == ann.id
    assert not paying.done()
    await bot.answer_pre_checkout_query(question.id, ok=True)
    charge = await paying
    (update,) = await bot.get_updates()
    told = update.message.successful_payment
    assert (told.telegram_payment_charge_id, told.invoice_payload, told.total_amount) == (charge, "pack:10", 50)
    assert update.message.from_user.id == ann.id
    with pytest.raises(RefusedError, match="this invoice is paid"):
        await ann.pay(invoice.message_id)
    seen = await ann.snapshot()
    assert seen.invoices[0].now.invoice.paid
    assert [(payment.total, payment.refunded) for payment in seen.payments] == [(50, False)]


async def test_payment_that_the_bot_refuses_is_not_made_and_may_be_tried_again(bot, ann):
    invoice = await send_invoice(bot, ann)
    paying = asyncio.create_task(ann.pay(invoice.message_id))
    question = await asked(bot)
    await bot.answer_pre_checkout_query(question.id, ok=False, error_message="Sold out")
    with pytest.raises(RefusedError, match="Sold out"):
        await paying
    assert (await ann.snapshot()).payments == ()
    with pytest.raises(TelegramBadRequest, match="query is too old"):
        await bot.answer_pre_checkout_query(question.id, ok=True)


async def test_stars_are_given_back_once_to_the_one_who_paid(bot, ann):
    _, charge, _ = await paid(bot, ann)
    with pytest.raises(TelegramBadRequest, match="CHARGE_NOT_FOUND"):
        await bot.refund_star_payment(ann.id + 1, charge)
    assert await bot.refund_star_payment(ann.id, charge)
    with pytest.raises(TelegramBadRequest, match="CHARGE_ALREADY_REFUNDED"):
        await bot.refund_star_payment(ann.id, charge)
    (update,) = await bot.get_updates()
    assert update.message.refunded_payment.telegram_payment_charge_id == charge
    assert [payment.refunded for payment in (await ann.snapshot()).payments] == [False, True]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"currency": "EUR"}, "PAYMENT_PROVIDER_INVALID"),
        ({"prices": [*PRICE, *PRICE]}, "STARS_INVOICE_INVALID"),
        ({"title": "x" * 33}, "INVOICE_TITLE_OR_DESCRIPTION_INVALID"),
        ({"payload": "x" * 129}, "INVOICE_PAYLOAD_INVALID"),
        (
            {"reply_markup": InlineKeyboardMarkup(
                inline_keyboard=[[InlineKeyboardButton(text="Later", callback_data="later")]]
            )},
            "first button",
        ),
    ],
)  # fmt: skip
async def test_invoice_that_telegram_would_not_send_is_refused(bot, ann, wrong, said):
    with pytest.raises(TelegramBadRequest, match=said):
        await send_invoice(bot, ann, **wrong)
