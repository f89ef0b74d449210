"""Keeps out those who may not use the bot, and buttons that are not the bot's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import InaccessibleMessage, Message

from qwenedit_bot.chat.actors import own_words
from qwenedit_bot.chat.view import View
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_bot.users.update_filter import UpdateFilter


class AccessMiddleware(BaseMiddleware):
    """Keeps out everybody who is banned or not on the list. In private they are told so, once an hour.

    In a group, only those who call the bot on behalf of a chat are.

    It guards the router that it is registered with: whatever is everybody's is in another one.

    Args:
        update_filter: Knows who was told.
    """

    def __init__(self, update_filter: UpdateFilter) -> None:
        self._update_filter = update_filter

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
        refusal = await turn.services.access_list.refusal(turn.user_id)
        if refusal is None:
            return await handler(event, data)
        # Of chats that speak in a group, the update filter let only those pass that call the bot.
        calls = isinstance(event, Message) and event.sender_chat is not None
        asked = turn.press is not None or not turn.in_group or calls
        if asked and await self._update_filter.tells(turn.user_id, turn.update_id):
            if turn.press is not None:
                await turn.toast(turn.words(refusal), alert=True)
            else:
                await turn.say(View(turn.words(refusal)))
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


def is_of_bot(message: Message, bot_id: int) -> bool:
    """Whether the bot wrote a message itself: only then are its buttons the bot's."""
    return message.from_user is not None and message.from_user.id == bot_id and own_words(message)


def _carries(message: Message, data: str | None) -> bool:
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    return any(button.callback_data == data for row in rows for button in row)
