"""The list of commands that Telegram shows behind the menu button, and when a user types a slash."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import AiogramError
from aiogram.types import BotCommand, BotCommandScopeAllGroupChats, BotCommandScopeDefault, MenuButtonCommands

from qwenedit_bot.chat.call_errors import status_of
from qwenedit_bot.common.waiting import unless
from qwenedit_bot.texts import LANGUAGES, Text
from qwenedit_jobs.backoff import pause

if TYPE_CHECKING:
    import asyncio

    from aiogram import Bot

    from qwenedit_bot.texts import Texts

log = structlog.get_logger(__name__)

EVERYBODY = ("start", "help", "presets", "status", "cancel", "language", "privacy", "forget")
IN_GROUPS = ("edit", "help", "cancel")
WITH_A_LIMIT = ("limits",)
WITH_A_SHOP = ("buy", "paysupport")


async def offer(bot: Bot, texts: Texts, stop: asyncio.Event, *, limited: bool, selling: bool) -> None:
    """Set the command menus, and retry until Telegram has accepted all of them."""
    menu = (*EVERYBODY, *(WITH_A_LIMIT if limited else ()), *(WITH_A_SHOP if selling else ()))
    while not stop.is_set():
        try:
            await unless(stop, _offer(bot, texts, menu))
        except AiogramError as error:
            log.info("bot.commands_not_offered", status=status_of(error), next_in=60.0)
            await pause(stop, 60.0)
        else:
            return


async def _offer(bot: Bot, texts: Texts, menu: tuple[str, ...]) -> None:
    """Offer the commands in each language, and as the default for all others."""
    languages = ", ".join(texts.of(language)(Text.LANGUAGE_NAME) for language in LANGUAGES)
    for scope, names in ((BotCommandScopeDefault(), menu), (BotCommandScopeAllGroupChats(), IN_GROUPS)):
        for language in (None, *LANGUAGES):
            words = texts.of(language)
            commands = [
                BotCommand(command=name, description=words(Text(f"command-{name}"), languages=languages))
                for name in names
            ]
            await bot.set_my_commands(commands, scope=scope, language_code=language)
    await bot.set_chat_menu_button(menu_button=MenuButtonCommands())
