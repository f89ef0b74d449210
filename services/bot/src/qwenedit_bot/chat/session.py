"""The connection to the Bot API: aiogram's, which reads no more of an answer than the bot looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.types import Message, MessageId

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.methods import Response, TelegramMethod
    from aiogram.methods.base import TelegramType

_A_MESSAGE = (Message, Message | bool)


class Session(AiohttpSession):
    """Knows a message that was sent or edited by its number alone, which is all that it is remembered by.

    aiogram would hold the answer against its model of a message. What that does not know, of a newer Bot API, would
    count as no answer, and the message be sent again; and reading it takes time between Telegram's sending of the
    message and the bot's note of it, where a bot that is killed sends the message again after its start.
    """

    def check_response(
        self, bot: Bot, method: TelegramMethod[TelegramType], status_code: int, content: str
    ) -> Response[TelegramType]:
        """Read an answer; raises what aiogram raises."""
        if method.__returning__ in _A_MESSAGE:
            method = method.model_copy()
            vars(method)["__returning__"] = MessageId  # of this one call: aiogram asks the object, not its class
        return super().check_response(bot, method, status_code, content)
