"""Keeps out those who may not use the bot, and buttons that are not the bot's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, InaccessibleMessage, Message

from qwenedit_bot.chat.actors import actor_of, own_words
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words
    from qwenedit_bot.users.update_filter import UpdateFilter


class AccessMiddleware(BaseMiddleware):
    """Keeps out everybody who is banned or not on the list. In private they are told so, once an hour.

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
        answerable = isinstance(event, CallbackQuery) or (isinstance(event, Message) and event.chat.type == "private")
        if answerable and await self._update_filter.tells(actor, data["event_update"].update_id):
            await self._refuse(event, refusal, data["words"])
        return None

    async def _refuse(self, event: TelegramObject, refusal: Text, words: Words) -> None:
        if isinstance(event, CallbackQuery):
            await self._services.messenger.answer_press(event.id, words(refusal), alert=True)
        elif isinstance(event, Message):
            await self._services.replies.say(source_of(event), View(words(refusal)))


class OwnButtons(BaseMiddleware):
    """Lets a press pass only where the button is under a message of this very bot.

    Any message may carry any `callback_data`, and a client may send data that no button has
    (https://core.telegram.org/bots/api#callbackquery). In a group somebody could otherwise have the bot write over its
    message to another user. The handlers check whose job it is.
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
        if isinstance(event, CallbackQuery) and not _is_own_button(event, self._services.bot_id):
            words: Words = data["words"]
            await self._services.messenger.answer_press(event.id, words(Text.PRESS_FORGOTTEN), alert=True)
            return None
        return await handler(event, data)


def _is_own_button(press: CallbackQuery, bot_id: int) -> bool:
    shown = press.message
    if shown is None:  # under an inline result, which this bot sends none of
        return False
    if isinstance(shown, InaccessibleMessage):  # too old for Telegram to say what it is
        return True
    return is_of_bot(shown, bot_id) and (shown.chat.type == "private" or _carries(shown, press.data))


def is_of_bot(message: Message, bot_id: int) -> bool:
    """Whether the bot wrote a message itself: only then are its buttons the bot's."""
    return message.from_user is not None and message.from_user.id == bot_id and own_words(message)


def _carries(message: Message, data: str | None) -> bool:
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    return any(button.callback_data == data for row in rows for button in row)
