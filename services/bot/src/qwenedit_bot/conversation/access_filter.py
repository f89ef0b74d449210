"""Keeps out those who may not use the bot, and buttons that are not the bot's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, InaccessibleMessage, Message

from qwenedit_bot.chat.actors import actor_of, own_words
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.turn import source_of
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from qwenedit_bot.conversation.turn import Services
    from qwenedit_bot.texts import Words
    from qwenedit_bot.users.update_filter import UpdateFilter


class AccessMiddleware(BaseMiddleware):
    """Keeps out everybody who is banned or not on the list. In private they are told so, once an hour.

    In a group, only those who call the bot on behalf of a chat are.

    It guards the router that it is registered with: whatever is everybody's is in another one.

    Args:
        update_filter: Knows who was told.
        services: Say it, and know who may use the bot.
    """

    def __init__(self, update_filter: UpdateFilter, services: Services) -> None:
        self._update_filter = update_filter
        self._services = services

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Go on with those who may."""
        actor = actor_of(event) if isinstance(event, Message | CallbackQuery) else None
        if actor is None:  # nobody to whom a job or a dialogue could belong
            return None
        refusal = await self._services.access_list.refusal(actor)
        if refusal is None:
            return await handler(event, data)
        answerable = isinstance(event, CallbackQuery) or (isinstance(event, Message) and _is_asked_in(event))
        if answerable and await self._update_filter.tells(actor, data["event_update"].update_id):
            await self._refuse(event, refusal, data["words"])
        return None

    async def _refuse(self, event: TelegramObject, refusal: Text, words: Words) -> None:
        if isinstance(event, CallbackQuery):
            await self._services.messenger.answer_press(event.id, words(refusal), alert=True)
        elif isinstance(event, Message):
            await self._services.replies.say(source_of(event), View(words(refusal)))


def _is_asked_in(message: Message) -> bool:
    return message.chat.type == "private" or message.sender_chat is not None  # then the update filter saw a call


class OwnButtons(BaseMiddleware):
    """Lets a press pass only if the message that it comes from is this bot's, and has that button now.

    Any message may carry any `callback_data`, and a client may send data that no button has
    (https://core.telegram.org/bots/api#callbackquery). The handlers check whose job it is.
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Go on with presses of the bot's own buttons."""
        if not isinstance(event, CallbackQuery) or isinstance(event.message, InaccessibleMessage):
            return await handler(event, data)  # of a message that is too old, Telegram doesn't say what it is
        words: Words = data["words"]
        if event.message is None or not is_of_bot(event.message, self._services.bot_id):
            await self._services.messenger.answer_press(event.id, words(Text.PRESS_FORGOTTEN), alert=True)
        elif not _carries(event.message, event.data):
            await self._services.messenger.answer_press(event.id, "")  # the user sees what it says instead
        else:
            return await handler(event, data)
        return None


def is_of_bot(message: Message, bot_id: int) -> bool:
    """Whether the bot wrote a message itself: only then are its buttons the bot's."""
    return message.from_user is not None and message.from_user.id == bot_id and own_words(message)


def _carries(message: Message, data: str | None) -> bool:
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    return any(button.callback_data == data for row in rows for button in row)
