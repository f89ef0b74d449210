"""Packs of jobs for Telegram Stars: paid once, given once, given back once, whatever crashes in between."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qwenedit_jobs import Reason
from qwenedit_testkit.photos import photo

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.usefixtures("within_a_day")]

ADMIN = 900_001
SETTINGS = {"JOBS_PER_DAY": "1", "STAR_PACKS": "2:50,10:200", "PAY_SUPPORT": "@owner", "ADMINS": str(ADMIN)}
RESULT = photo("PNG")


async def invoice(person: Any, label: str = "2 pictures · ⭐ 50") -> Any:
    count = len((await person.snapshot()).invoices)
    await person.send("/buy")
    await person.press(label)
    seen = await person.wait_for(lambda chat: len(chat.invoices) > count, what="an invoice")
    return seen.invoices[-1]


async def bought(person: Any) -> str:
    """Buy a pack of two; returns the charge."""
    charge = await person.pay((await invoice(person)).id)
    await person.says("Thank you! 2 more pictures are yours.")
    return str(charge)


async def a_picture(stage: Any, person: Any, number: int) -> None:
    await person.send(photo=photo(), caption="make it snow")
    await stage.worker.finish_next(RESULT)
    await person.picture(number=number)


async def told(person: Any, *words: str) -> None:
    """Ask for the limits and read them in the answer to that question."""
    (asked,) = await person.send("/limits")

    def answers(chat: Any) -> bool:
        return any(
            message.reply_to == asked and all(word in message.text for word in words) for message in chat.from_bot
        )

    await person.wait_for(answers, what=f"limits with {words}")


async def test_bought_jobs_are_used_after_the_days_own_and_refused_only_then(stage: Any, ann: Any) -> None:
    paper = await invoice(ann)
    assert (paper.now.invoice.title, paper.now.invoice.total) == ("2 pictures", 50)
    await ann.pay(paper.id)
    await ann.says("Thank you! 2 more pictures are yours.")
    await told(ann, "1 picture left today", "2 more that never expire", "More pictures for Telegram Stars")
    await a_picture(stage, ann, 1)
    await told(ann, "None left today", "2 more that never expire")
    await a_picture(stage, ann, 2)
    await a_picture(stage, ann, 3)
    await ann.send(photo=photo(), caption="make it snow")
    said = await ann.says("You have used your picture for today")
    assert "Want more now? /buy" in said.text


async def test_photo_and_words_that_had_no_picture_left_are_done_by_a_press_once_they_are_paid_for(stage: Any) -> None:
    ann = await stage.telegram.user()
    await a_picture(stage, ann, 1)
    (sent,) = await ann.send(photo=photo())
    said = await ann.says("You have used your picture for today")
    assert said.reply_to == sent
    await ann.send("paint it blue")
    await ann.wait_for(lambda chat: sum("used your picture" in (each.text or "") for each in chat.from_bot) == 2)
    assert await stage.worker.queue.unfinished_ids() == []
    await bought(ann)
    await ann.press("Do it now")
    claim = await stage.worker.finish_next(RESULT)
    assert claim.job.edit.prompt == "paint it blue"
    await ann.picture(number=2)
    assert not any("Do it now" in each.now.labels for each in (await ann.snapshot()).visible)
    assert await stage.worker.queue.unfinished_ids() == []


async def test_job_that_fails_for_good_gives_back_what_it_cost_once(stage: Any, ann: Any) -> None:
    await bought(ann)
    await a_picture(stage, ann, 1)
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    await told(ann, "And 1 more")
    await ann.says("starting")  # the last edit before the one that is slow
    # The bot dies after the user was told, and tells again after its start.
    await stage.telegram.fault("editMessageText", "slow", seconds=30, chat_id=ann.id)
    await stage.worker.fail(claim, Reason.OUT_OF_MEMORY)
    await ann.says("It doesn't count.")
    await stage.bot.kill()
    await stage.bot.start()
    await stage.answered(claim.job.id)
    await told(ann, "And 2 more")


async def test_bot_killed_between_credit_and_thanks_gives_no_second_pack(stage: Any, ann: Any) -> None:
    paper = await invoice(ann)
    await stage.telegram.fault("sendMessage", "slow", seconds=30, chat_id=ann.id)
    await ann.pay(paper.id)
    await ann.says("Thank you!")
    await stage.bot.kill()
    await stage.bot.start()
    await told(ann, "And 2 more")


async def test_message_that_pays_for_no_pack_of_ours_is_answered_for_what_else_it_says(stage: Any, ann: Any) -> None:
    await ann.send("/start")
    await ann.says("photo")
    payment = {
        "currency": "XTR",
        "total_amount": 50,
        "invoice_payload": "another program's",
        "telegram_payment_charge_id": "x",
        "provider_payment_charge_id": "x",
    }
    message = {
        "message_id": 5,
        "date": 1,
        "chat": {"id": ann.id, "type": "private"},
        "text": "/limits",
        "from": {"id": ann.id, "is_bot": False, "first_name": "Ann"},
        "successful_payment": payment,
    }
    await stage.telegram.add_update({"message": message})
    await ann.says("left today")


@pytest.mark.parametrize("payload", ["pack:3:1", "pack:2", "nonsense", "buy:2:50"])
async def test_pack_that_is_not_on_offer_is_not_sold(stage: Any, payload: str, ann: Any) -> None:
    await ann.send("/start")
    query = {
        "id": f"query {payload}",
        "from": {"id": ann.id, "is_bot": False, "first_name": "Ann"},
        "currency": "XTR",
        "total_amount": 50,
        "invoice_payload": payload,
    }
    await stage.telegram.add_update({"pre_checkout_query": query})

    def about_it(calls: Any) -> list[Any]:
        return [call for call in calls if call.parameters["pre_checkout_query_id"] == query["id"]]

    calls = await stage.telegram.wait_for_calls(about_it, method="answerPreCheckoutQuery")
    call = about_it(calls)[-1]
    assert str(call.parameters["ok"]).lower() == "false"
    assert "no longer on offer" in call.parameters["error_message"]


async def test_admin_gives_a_payment_back_once_and_what_was_left_of_it_is_gone(stage: Any) -> None:
    ann, admin = await stage.telegram.user(), await stage.telegram.user(ADMIN)
    charge = await bought(ann)
    await a_picture(stage, ann, 1)
    await ann.send(photo=photo(), caption="make it snow")
    claim = await stage.worker.claim()
    await admin.send(f"/refund {ann.id}")
    await admin.says(f"1 of 2 left · {charge}")
    # It dies after the money went back and before that is noted.
    await stage.telegram.fault("refundStarPayment", "slow", seconds=30)
    await admin.send(f"/refund {ann.id} {charge}")
    await stage.struck()
    await ann.wait_for(lambda chat: any(payment.refunded for payment in chat.payments), what="the money back")
    await stage.bot.kill()
    await stage.bot.start()
    await admin.says(f"⭐ 50 went back to user {ann.id}")
    await ann.says("⭐ 50 went back to you")
    await stage.worker.fail(claim, Reason.OUT_OF_MEMORY)
    await ann.says("It doesn't count.")
    (asked,) = await ann.send("/limits")
    seen = await ann.wait_for(lambda chat: any(message.reply_to == asked for message in chat.from_bot))
    assert "more that never expire" not in next(message.text for message in seen.from_bot if message.reply_to == asked)
    await asyncio.sleep(1)  # commands have their time in whole seconds
    await admin.send(f"/refund {ann.id} {charge}")
    await admin.says("Already refunded: 20")
    assert sum(payment.refunded for payment in (await ann.snapshot()).payments) == 1
    await admin.send(f"/refund {ann.id}")
    await admin.says(f"given back · {charge}")


async def test_paysupport_names_whom_to_ask_and_what_was_paid(ann: Any) -> None:
    charge = await bought(ann)
    await ann.send("/paysupport")
    said = (await ann.says("Write to @owner")).text
    assert f"2 of 2 left · {charge}" in said
