"""An update that Telegram never lets the bot work off ends in words, and costs nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiogram.exceptions import TelegramServerError
from aiogram.methods import EditMessageText, GetFile, SendMessage

from proofs.fuzz.harness import Harness
from proofs.fuzz.telegram import Wire
from qwenedit_bot.conversation.dispatcher import UpdateWork
from qwenedit_bot.inbox import scheduler
from qwenedit_bot.inbox.inbox import Inbox

if TYPE_CHECKING:
    import pytest
    from aiogram import Bot
    from aiogram.methods import TelegramMethod
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

USER = 777
PHOTO = {"file_id": "x", "file_unique_id": "x", "width": 10, "height": 10, "file_size": 100}
MESSAGE = {
    "message_id": 5, "date": 0, "from": {"id": USER, "is_bot": False, "first_name": "Ann", "language_code": "en"},
    "chat": {"id": USER, "type": "private"}, "caption": "snow", "photo": [PHOTO],
}  # fmt: skip


async def test_photo_that_telegram_never_hands_out_is_told_in_its_own_message_and_not_charged(
    redis: Redis, redis_url: str, bot_keys: BotKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(UpdateWork, "patience", 3)
    request = Wire.make_request

    async def failing(wire: Wire, bot: Bot, method: TelegramMethod[Any], timeout: int | None = None) -> Any:  # noqa: ASYNC109 - aiogram's
        answer = await request(wire, bot, method, timeout)
        if isinstance(method, GetFile):
            raise TelegramServerError(method, "Internal Server Error")
        return answer

    monkeypatch.setattr(Wire, "make_request", failing)
    async with Harness(redis_url) as harness:
        inbox = Inbox(redis, bot_keys, name="telegram")
        await inbox.take([{"update_id": 1, "message": MESSAGE}])
        async with asyncio.timeout(60):
            while (await inbox.lanes.occupancy()).waiting:
                await asyncio.sleep(0.01)
        said = [call for call in harness.wire.calls if isinstance(call, SendMessage | EditMessageText)]
        assert [type(call) for call in said] == [SendMessage, EditMessageText]
        assert "Got it" in str(said[0].text)
        assert "Something went wrong" in str(said[1].text)
        assert await redis.exists(bot_keys.today(USER), bot_keys.charged(USER)) == 0
        assert await harness.queue.unfinished_ids() == []
