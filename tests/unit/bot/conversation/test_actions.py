"""What was decided is carried out once, though the bot is killed before it keeps the draft."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from aiogram.types import Message
from redis.exceptions import ConnectionError as RedisConnectionError

from qwenedit_bot.conversation import handlers
from qwenedit_bot.conversation.draft import Draft
from qwenedit_bot.conversation.turn import Turn
from qwenedit_bot.texts import Words

if TYPE_CHECKING:
    from qwenedit_bot.chat.view import Source, View

ANN = 100


class RedisAway:
    """Two jobs of Ann's, and a Redis that is away when the draft is to be kept."""

    def __init__(self) -> None:
        self.unfinished, self.said = ["one", "two"], list[str]()

    async def read(self, *_place: int) -> Draft:
        return Draft()

    async def write(self, *_draft: object) -> None:
        raise RedisConnectionError

    async def waiting(self, _user: int) -> list[object]:
        return []

    async def stop(self, *_request: object) -> int:
        return 0

    async def unfinished_ids_of(self, _user: int) -> list[str]:
        return list(self.unfinished)

    async def cancel(self, job: str) -> None:
        self.unfinished.remove(job)

    async def find(self, _to: Source) -> int | None:
        return 8 if self.said else None

    async def say(self, _to: Source, view: View, *, edited_at: int | None) -> int:  # noqa: ARG002
        self.said.append(view.text)
        return 8


async def test_stop_that_is_made_again_says_what_it_has_cancelled() -> None:
    night: Any = RedisAway()
    services: Any = SimpleNamespace(drafts=night, backlog=night, queue=night, replies=night)
    ann = {"id": ANN, "is_bot": False, "first_name": "Ann"}
    message = Message.model_validate(
        {"message_id": 7, "date": 1, "chat": {"id": ANN, "type": "private"}, "from": ann, "text": "/cancel"}
    )
    turn = Turn(message, Words("en"), services, ANN, ANN, 1)
    for _ in range(2):
        with pytest.raises(RedisConnectionError):
            await handlers.stop(turn)
    assert (night.said, night.unfinished) == (["OK, I've cancelled your 2 pictures."], [])
