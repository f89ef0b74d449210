"""What the notice of a full Redis takes while Telegram is slow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from aiogram import Bot

from qwenedit_bot.conversation import no_room
from qwenedit_bot.conversation.no_room import MOST_ON_THEIR_WAY, NoRoomNotice
from qwenedit_bot.texts import Text
from qwenedit_testkit.waiting import eventually

if TYPE_CHECKING:
    import pytest


class SlowReplies:
    """Says what it is told to when Telegram takes it."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.begun = self.ended = 0

    async def find(self, _to: object) -> None:
        return None

    async def say_from_memory(self, _to: object, _view: object) -> None:
        self.begun += 1
        await self.taken.wait()
        self.ended += 1


class English:
    async def words_of(self, _user: int, _language: str | None) -> Any:
        return lambda text: {Text.NO_ROOM: "no room"}[text]


def update(number: int) -> dict[str, Any]:
    person = {"id": number, "is_bot": False, "first_name": "Ann"}
    chat = {"id": number, "type": "private"}
    return {"update_id": number, "message": {"message_id": 1, "date": 1, "chat": chat, "from": person, "text": "hi"}}


async def test_notices_on_their_way_are_bounded_and_go_on_after_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(no_room, "AT_MOST", 0.01)
    replies, bot = SlowReplies(), Bot("42:token")
    bot._me = cast("Any", type("Me", (), {"username": "the_bot"}))
    notice = NoRoomNotice(bot, cast("Any", English()), cast("Any", replies), cast("Any", None))
    for number in range(1, 2 * MOST_ON_THEIR_WAY):
        await notice.tell([update(number)])
    assert (replies.begun, replies.ended) == (MOST_ON_THEIR_WAY, 0)
    replies.taken.set()
    await eventually(lambda: replies.ended == MOST_ON_THEIR_WAY)
    await notice.tell([update(100)])
    await eventually(lambda: replies.ended == MOST_ON_THEIR_WAY + 1)
