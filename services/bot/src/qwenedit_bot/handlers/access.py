"""Who may use the bot at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram import BaseMiddleware
from aiogram.types import CallbackQuery, Message

from qwenedit_bot.handlers.context import source_of
from qwenedit_bot.views import View

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiogram.types import TelegramObject

    from qwenedit_bot.broadcast import Broadcasts
    from qwenedit_bot.guests import Guests
    from qwenedit_bot.handlers.context import Services
    from qwenedit_bot.texts import Text, Words

TOLD_EVERY = 3600
"""Seconds between two answers to somebody who may not."""
ALWAYS = ("/privacy", "/forget", "/paysupport")
"""Everybody may know what is kept of him, have it deleted, and ask for money back."""


class AccessMiddleware(BaseMiddleware):
    """Keeps out who is banned or not on the list, and nobody in particular; in private he is told so, now and then.

    Args:
        guests: Who may.
        services: Say it.
        broadcasts: Reach who uses the bot.
    """

    def __init__(self, guests: Guests, services: Services, broadcasts: Broadcasts) -> None:
        self._guests = guests
        self._services = services
        self._broadcasts = broadcasts

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        """Go on with those who may."""
        user = event.from_user if isinstance(event, Message | CallbackQuery) else None
        if user is None:  # nobody to whom a job or a dialogue could belong
            return None
        if _always(event):
            return await handler(event, data)
        refusal = await self._guests.refusal(user.id)
        if refusal is None:
            done = await handler(event, data)
            if isinstance(event, Message) and event.chat.type == "private":
                await self._broadcasts.seen(user.id)
            return done
        await self._refuse(event, refusal, data["words"])
        return None

    async def _refuse(self, event: TelegramObject, refusal: Text, words: Words) -> None:
        if isinstance(event, CallbackQuery):
            await self._services.messenger.answer_press(event.id, words(refusal), alert=True)
        elif isinstance(event, Message) and event.chat.type == "private":
            to = source_of(event)
            if await self._services.replies.speaks_for(to, f"access:{to.chat_id}", seconds=TOLD_EVERY):
                await self._services.replies.say(to, View(words(refusal)))


def _always(event: TelegramObject) -> bool:
    """Whether this is allowed to everybody."""
    if isinstance(event, CallbackQuery):
        return (event.data or "").startswith("forget")
    if not isinstance(event, Message):
        return False
    about_money = event.successful_payment is not None or event.refunded_payment is not None
    return about_money or (event.text or "").startswith(ALWAYS)
