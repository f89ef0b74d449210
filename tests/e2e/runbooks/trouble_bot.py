"""The bot: each trouble is made, found by its runbook, and ended by its remedy."""

from __future__ import annotations

import json
import time

from qwenedit_jobs import Keys
from qwenedit_jobs.lanes import Lanes
from tests.e2e.cluster.installing import TOKEN

CAPTION = "make it snow"
NEW_TOKEN = f"{TOKEN}2"


async def test_revoked_token(installation, on_call, photo):
    await installation.hold(1)
    user = await installation.telegram.user()
    await installation.telegram.set_token(NEW_TOKEN.partition(":")[2])
    await user.send(photo=photo, caption=CAPTION)
    row = await on_call.find("QweneditBotDown", "TokenRefusedError", "TokenRefusedError")
    on_call.words["TOKEN"] = NEW_TOKEN
    await on_call.remedy(row)
    await on_call.part("QweneditBotDown", "Afterwards")
    await user.picture(timeout=60)


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
