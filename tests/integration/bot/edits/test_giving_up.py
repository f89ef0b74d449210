"""An update that Telegram never lets the bot work off ends in words, and costs nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiogram.exceptions import TelegramServerError
from aiogram.methods import EditMessageText, GetFile, SendMessage

from proofs.fuzz.harness import Harness
from proofs.fuzz.telegram import BOT, FIRST_ID, Wire
from qwenedit_bot.common import timeouts
from qwenedit_bot.edits.requests.backlog import Backlog
from qwenedit_bot.inbox.inbox import Inbox
from qwenedit_jobs import Keys
from qwenedit_jobs.lanes import Lanes

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.methods import TelegramMethod
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

USER = 777
PHOTO = {"file_id": "x", "file_unique_id": "x", "width": 10, "height": 10, "file_size": 100}
SENDER = {"id": USER, "is_bot": False, "first_name": "Ann", "language_code": "en"}
CHAT = {"id": USER, "type": "private"}


def message(number: int, **content: Any) -> dict[str, Any]:
    return {"message_id": number, "date": 0, "from": SENDER, "chat": CHAT, **content}


def photo(number: int, **content: Any) -> dict[str, Any]:
    return message(number, photo=[PHOTO], **content)


def press(data: str, about: dict[str, Any]) -> dict[str, Any]:
    bot = {"id": BOT.id, "is_bot": True, "first_name": "Editor"}
    shown = {
        "message_id": FIRST_ID,
        "date": 1,
        "from": bot,
        "chat": CHAT,
        "text": "?",
        "reply_to_message": about,
        "reply_markup": {"inline_keyboard": [[{"text": "x", "callback_data": data}]]},
    }
    return {"callback_query": {"id": "1", "from": SENDER, "chat_instance": "1", "data": data, "message": shown}}


WAYS_TO_ASK: dict[str, list[dict[str, Any]]] = {
    "a photo with a caption": [{"message": photo(5, caption="snow")}],
    "the button for one each": [
        {"message": photo(5)},
        {"message": photo(6)},
        {"message": message(7, text="snow")},
        press("gather:each", message(7, text="snow")),
    ],
}


@pytest.mark.parametrize("updates", WAYS_TO_ASK.values(), ids=WAYS_TO_ASK)
async def test_photo_that_telegram_never_hands_out_is_told_in_its_own_message_and_not_charged(
    redis: Redis, redis_url: str, bot_keys: BotKeys, monkeypatch: pytest.MonkeyPatch, updates: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(timeouts, "RETRY_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(timeouts, "LANES_IDLE", 0.1)
    monkeypatch.setattr(Backlog, "patience", 3)
    request = Wire.make_request

    async def failing(wire: Wire, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ASYNC109 - aiogram's
        answer = await request(wire, bot, method, timeout)
        if isinstance(method, GetFile):
            raise TelegramServerError(method, "Internal Server Error")
        return answer

    monkeypatch.setattr(Wire, "make_request", failing)
    async with Harness(redis_url) as harness:
        inbox, requests = Inbox(redis, bot_keys, name="telegram"), Lanes(redis, Keys().backlog)
        await inbox.take([{"update_id": number, **update} for number, update in enumerate(updates, 1)])
        async with asyncio.timeout(120):
            while (await inbox.lanes.occupancy()).waiting or (await requests.occupancy()).waiting:
                await asyncio.sleep(0.01)
        assert any(isinstance(call, GetFile) for call in harness.wire.calls)
        said = [call for call in harness.wire.calls if isinstance(call, SendMessage | EditMessageText)]
        announced = [number for number, call in enumerate(said) if "Got it" in str(call.text)]
        assert len(announced) == 1
        broken = [call for call in said[announced[0] :] if "Something broke" in str(call.text)]
        assert [type(call) for call in broken] == [EditMessageText]
        assert await redis.exists(bot_keys.free_used(USER), bot_keys.charged(USER)) == 0
        assert await harness.queue.unfinished_ids() == []
