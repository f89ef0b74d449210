"""Where the answer to a message goes, and which picture a message has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiogram.types import Message, Update

from qwenedit_bot.chat.view import Source
from qwenedit_bot.conversation.screen import attachment_of
from qwenedit_bot.conversation.turn import Turn, turn_of
from qwenedit_bot.pictures.sources import Attachment


def message(**fields: Any) -> Message:
    chat = {"id": -100, "type": "supergroup", "title": "Family"}
    return Message.model_validate({"message_id": 5, "date": 1, "chat": chat, **fields})


@pytest.mark.parametrize(
    ("fields", "thread_id"),
    [
        ({"message_thread_id": 7, "is_topic_message": True}, 7),
        ({"message_thread_id": 7}, 0),  # a thread of replies, as every group has
        ({}, 0),
    ],
)
def test_answer_to_a_message_in_a_topic_goes_there(fields: dict[str, Any], thread_id: int) -> None:
    unused: Any = None
    turn = Turn(message(**fields), unused, unused, -100, 7, 1)
    assert turn.to(turn.shown) == Source(-100, 5, thread_id=thread_id)


@pytest.mark.parametrize(("kind", "edited"), [("message", False), ("edited_message", True)])
async def test_message_that_was_corrected_before_the_bot_got_it_is_new(kind: str, edited: bool) -> None:
    async def no_words(*_args: Any) -> Any:
        return None

    said = message(edit_date=2, **{"from": {"id": 7, "is_bot": False, "first_name": "Ann"}}, text="/help")
    services: Any = SimpleNamespace(languages=SimpleNamespace(words_of=no_words))
    turn = await turn_of(Update.model_validate({"update_id": 1, kind: said}), (), services)
    assert turn is not None
    assert turn.edited is edited


def test_live_photo_is_edited_by_its_still() -> None:
    sizes = [
        {"file_id": name, "file_unique_id": name, "width": side, "height": side}
        for name, side in (("s", 90), ("l", 900))
    ]
    live = {"file_id": "v", "file_unique_id": "v", "width": 900, "height": 900, "duration": 3, "photo": sizes}
    assert attachment_of(message(live_photo=live)) == Attachment("l", None, None)
