"""The one answer to the messages of a burst that were not taken, whatever the update that stands for them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from aiogram.methods import SendMessage

from proofs.fuzz.harness import Harness
from proofs.fuzz.telegram import BOT, FIRST_ID
from qwenedit_bot.common import timeouts
from qwenedit_bot.inbox.inbox import Inbox
from qwenedit_testkit.waiting import eventually

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

USER = 777
SENDER = {"id": USER, "is_bot": False, "first_name": "Ann", "language_code": "en"}
CHAT = {"id": USER, "type": "private"}
CORRECTED = {"message_id": 5, "date": 0, "edit_date": 1, "from": SENDER, "chat": CHAT, "text": "rain"}
SHOWN = {
    "message_id": FIRST_ID,
    "date": 1,
    "from": {"id": BOT.id, "is_bot": True, "first_name": "Editor"},
    "chat": CHAT,
    "text": "?",
}


@pytest.mark.parametrize(
    "first",
    [
        {"edited_message": CORRECTED},
        {"callback_query": {"id": "1", "from": SENDER, "chat_instance": "1", "data": "presets", "message": SHOWN}},
    ],
    ids=["a corrected message", "a press"],
)
async def test_burst_that_begins_with_no_message_is_answered_in_the_chat(
    redis: Redis, redis_url: str, bot_keys: BotKeys, monkeypatch: pytest.MonkeyPatch, first: dict[str, Any]
) -> None:
    monkeypatch.setattr(timeouts, "LANES_IDLE", 0.5)
    async with Harness(redis_url) as harness:
        name = f"{USER}|{USER}"
        inbox = Inbox(redis, bot_keys, name="telegram")
        await inbox.lanes.put(str(USER), f"refused:{name}", json.dumps({"refused": {"update_id": 1, **first}}))

        async def handled() -> bool:
            return not (await inbox.lanes.occupancy()).waiting

        await eventually(handled)
        (answer,) = [call for call in harness.wire.calls if isinstance(call, SendMessage)]
        assert answer.chat_id == USER
        assert "a lot at once" in answer.text
