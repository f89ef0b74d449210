"""Handlers that also serve people who may not use the bot: payments, /privacy, /forget and /paysupport."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import Filter

from qwenedit_bot.chat.actors import own_words
from qwenedit_bot.common.retention import FORGET_ALL, FORGET_NOT
from qwenedit_bot.conversation import membership
from qwenedit_bot.conversation.access_filter import OwnButtons
from qwenedit_bot.conversation.account import privacy_commands, shop
from qwenedit_bot.users.update_filter import is_public_command

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services


class _Command(Filter):
    """Lets one of everybody's commands pass: the exact words, in the sender's own message."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def __call__(self, message: Message, bot: Bot) -> bool:
        text = message.text or ""
        if not text.lower().startswith(f"/{self._name}") or not own_words(message):
            return False
        me = await bot.me()
        return is_public_command(text, me.username or "", private=message.chat.type == "private")


def make_router(services: Services) -> Router:
    """Make the router that goes before all others, and before the access check."""
    router = Router(name="everybody's")
    router.message.register(privacy_commands.tell, _Command("privacy"))
    router.message.register(privacy_commands.ask, _Command("forget"))
    router.message.register(shop.support, _Command("paysupport"))
    router.callback_query.middleware(OwnButtons(services))
    router.callback_query.register(
        privacy_commands.confirm, F.data.in_({FORGET_ALL, FORGET_NOT}), F.message.chat.type == "private"
    )
    router.include_routers(shop.make_message_router(), membership.make_router())
    return router
