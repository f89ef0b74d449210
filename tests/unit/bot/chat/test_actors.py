"""Who acts in an update."""

from __future__ import annotations

from typing import Any

import pytest
from aiogram.types import CallbackQuery, Message

from qwenedit_bot.chat.actors import actor_in, actor_of

ANN = {"id": 7, "is_bot": False, "first_name": "Ann"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
TELEGRAM = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
GROUP = {"id": -100, "type": "supergroup", "title": "Friends"}
CHANNEL = {"id": -200, "type": "channel", "title": "News"}


def message(**fields: Any) -> dict[str, Any]:
    return {"message_id": 1, "date": 1, "chat": GROUP, "text": "hello", **fields}


@pytest.mark.parametrize(
    ("raw", "actor"),
    [
        (message(**{"from": ANN}), 7),
        (message(**{"from": ANONYMOUS, "sender_chat": GROUP}), -100),
        (message(**{"from": CHANNEL_BOT, "sender_chat": CHANNEL}), -200),
        (message(**{"from": TELEGRAM, "sender_chat": CHANNEL, "is_automatic_forward": True}), -200),
        (message(sender_chat=CHANNEL), -200),
        (message(**{"from": {**ANN, "is_bot": True}}), None),
        (message(), None),
    ],
)
def test_actor_of_a_message_is_the_chat_that_speaks_or_the_person(raw: dict[str, Any], actor: int | None) -> None:
    assert actor_in({"message": raw}) == (actor or 0)
    assert actor_of(Message.model_validate(raw)) == actor


def test_actor_of_a_press_is_the_person_who_presses() -> None:
    raw = {"id": "1", "from": ANN, "chat_instance": "1", "data": "x", "message": message(**{"from": ANONYMOUS})}
    assert actor_in({"callback_query": raw}) == 7
    assert actor_of(CallbackQuery.model_validate(raw)) == 7
