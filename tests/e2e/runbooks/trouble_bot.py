"""The bot, Telegram, and what the bot asks: each trouble is made, found by its runbook, and ended by its remedy."""

from __future__ import annotations

import json
import time

from qwenedit_jobs import Keys
from qwenedit_jobs.lanes import Lanes
from tests.e2e.cluster.installing import TOKEN
from tests.e2e.cluster.kube import eventually
from tests.e2e.runbooks.conftest import CLOSED_PORT, as_admin, lead_to, until_up

CAPTION = "make it snow"
NEW_TOKEN = f"{TOKEN}2"


async def test_revoked_token(installation, on_call, photo):
    await installation.hold(1)
    user = await installation.telegram.user()
    await installation.telegram.set_token(NEW_TOKEN.partition(":")[2])
    await user.send(photo=photo, caption=CAPTION)
    row = await on_call.find("QweneditBotDown", "bot.token_refused", "bot.token_refused")
    on_call.words["TOKEN"] = NEW_TOKEN
    await on_call.remedy(row)
    await on_call.part("QweneditBotDown", "Afterwards")
    await user.picture(timeout=60)


async def test_password_that_redis_does_not_know(installation, on_call, photo):
    user = await installation.telegram.user()
    await as_admin(installation, "acl setuser bot resetpass '>other'")
    await installation.kube("rollout", "restart", "deployment/edit-qwenedit-bot")
    row = await on_call.find(
        "QweneditBotDown", "invalid username-password pair", "start.redis_unavailable", "invalid username-password"
    )
    for words in ("describe pod edit-qwenedit-redis-0", "describe pod -l"):  # of the rows beside it
        await on_call.type_of("QweneditBotDown", words)
    await on_call.remedy(row)
    await until_up(installation)
    await installation.redis_answers()
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=60)


async def test_telegram_that_fails(installation, on_call, photo):
    user = await installation.telegram.user()
    _, job = await installation.start_job(photo)
    await installation.telegram.fault("*", "500", times=None)
    try:
        await installation.until(job, "done")
        await on_call.find("QweneditTelegramRejects", "HTTP Error 5", "HTTP Error 500", "scheduler.retry")
        on_call.words["JOB"] = job[:8]
        late = "long from `ended` to `answered`"
        await on_call.find("QweneditAnswersLateFast", late, "1 to be answered", "scheduler.retry")
        await on_call.look("QweneditAnswersLateSlowly")
    finally:
        await installation.telegram.clear_faults()
    await on_call.part("QweneditTelegramRejects", "Afterwards")
    await until_up(installation)

    async def answered():
        return (await installation.fields(job)).get("answered_at")

    await eventually("the answer", answered, within=60)
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=60)


async def test_hook_that_is_down(installation, on_call, photo):
    user = await installation.telegram.user()
    await lead_to(installation, "moderation", CLOSED_PORT)
    try:
        await user.send(photo=photo, caption=CAPTION)
        await user.says("I could not check whether this is within the rules of this bot", timeout=60)
        await on_call.find(
            "QweneditModerationFails", "ClientConnectorError", "moderation.failed", "ClientConnectorError"
        )
        await on_call.part("QweneditModerationFails", "Stop-gap")
        await user.send(photo=photo, caption=CAPTION)
        await user.picture(timeout=90)
    finally:
        await lead_to(installation, "moderation", 8000)
    await on_call.part("QweneditModerationFails", "Afterwards")
    await until_up(installation)
    await user.send(photo=photo, caption=CAPTION)
    await user.picture(timeout=60, number=2)


async def test_entries_that_are_set_aside(installation, on_call):
    user = await installation.telegram.user()
    await user.send_text("/start")  # the bot may write to nobody before
    await user.says("I edit photos", timeout=60)
    lanes = Lanes(installation.redis, Keys().inbox)
    asks = {"id": user.id, "is_bot": False, "first_name": "Ann"}
    chat = {"id": user.id, "type": "private", "first_name": "Ann"}
    message = {"message_id": 1, "date": int(time.time()), "chat": chat, "from": asks, "text": "/help"}
    packed = [
        str(user.id),
        "",
        "0",
        json.dumps({"error": "AttributeError"}),
        json.dumps({"update_id": 1, "message": message}),
    ]
    await installation.redis.hset(f"{lanes.prefix}:aside", "fixed", "\n".join(packed))
    row = await on_call.find("QweneditSetAside", "such as a version that was rolled back", "AttributeError")
    await on_call.remedy(row)
    await user.says("What works well", timeout=60)

    await lanes.put(str(user.id), "broken", "{")
    row = await on_call.find("QweneditSetAside", "it is not worth it", "broken", "scheduler.unreadable", within=60)
    on_call.words["ENTRY"] = "broken"
    await on_call.remedy(row)
    assert "Nothing was set aside." in await on_call.part("QweneditSetAside", "Afterwards")
