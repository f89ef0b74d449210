"""Keeps out those who may not use the bot, and buttons that are not the bot's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import InaccessibleMessage, Message

from qwenedit_bot.chat.actors import is_of_bot
from qwenedit_bot.conversation.groups import is_called
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from qwenedit_bot.conversation.turn import Turn

TOLD_EVERY = 3_600
"""Seconds without a word from somebody who may not use the bot until they are told so again."""


class AccessMiddleware(BaseMiddleware):
    """Keeps out everybody who is banned or not on the list, and now and then says so.

    In a group, only those who call the bot on behalf of a chat are told in words.

    It guards the router that it is registered with: what is everybody's is in another one.
    """

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Go on with those who may."""
        turn: Turn | None = data.get("turn")
        if turn is None:  # nobody to whom a job or a draft could belong
            return None
        services = turn.services
        refusal = await services.access_list.refusal(turn.user_id)
        if refusal is None:
            return await handler(event, data)
        calls = isinstance(event, Message) and event.sender_chat is not None and is_called(event, services.bot_name)
        asked = turn.press is not None or not turn.in_group or calls
        name = str(turn.update_id)
        if asked and await services.replies.is_first(turn.user_id, "access", name, seconds=TOLD_EVERY):
            await turn.alert(refusal)
        return None


class OwnButtons(BaseMiddleware):
    """Lets a press pass only if the message that it comes from is this bot's, and has that button now.

    Any message may carry any `callback_data`, and a client may send data that no button has
    (https://core.telegram.org/bots/api#callbackquery). The handlers check whose job it is.
    """

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Go on with presses of the bot's own buttons."""
        turn: Turn = data["turn"]
        message, pressed = (turn.press.message, turn.press.data) if turn.press is not None else (None, None)
        if isinstance(message, InaccessibleMessage):  # too old: Telegram doesn't say what it is
            return await handler(event, data)
        if message is None or not is_of_bot(message, turn.services.bot_id):
            await turn.toast(turn.words(Text.PRESS_FORGOTTEN), alert=True)
        elif not _carries(message, pressed):
            await turn.toast()  # the user sees what it says instead
        else:
            return await handler(event, data)
        return None


def _carries(message: Message, data: str | None) -> bool:
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    return any(button.callback_data == data for row in rows for button in row)
