"""The list of commands that Telegram shows behind the menu button, and when a user types a slash."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    BotCommandScopeDefault,
    MenuButtonCommands,
)

from qwenedit_bot.chat.calls import status_of
from qwenedit_bot.common.waiting import pause, unless
from qwenedit_bot.texts import LANGUAGES, Text
from qwenedit_jobs.backoff import Backoff

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from aiogram import Bot
    from aiogram.types import BotCommandScopeUnion

    from qwenedit_bot.texts import Texts, Words

LONGEST_PAUSE = 300.0
"""Seconds between two attempts while Telegram does not take them."""

_REFUSALS = (TelegramBadRequest, TelegramForbiddenError, TelegramUnauthorizedError)
"""Repeating the call would be refused again. The receiver of updates reports a revoked token."""

log = structlog.get_logger(__name__)

EVERYBODY = {
    "start": Text.COMMAND_START,
    "help": Text.COMMAND_HELP,
    "presets": Text.COMMAND_PRESETS,
    "status": Text.COMMAND_STATUS,
    "cancel": Text.COMMAND_CANCEL,
    "language": Text.COMMAND_LANGUAGE,
    "privacy": Text.COMMAND_PRIVACY,
    "forget": Text.COMMAND_FORGET,
}
IN_GROUPS = {"edit": Text.COMMAND_EDIT, "help": Text.COMMAND_HELP, "cancel": Text.COMMAND_CANCEL}
FOR_ADMINS = {
    "pause": Text.COMMAND_PAUSE,
    "resume": Text.COMMAND_RESUME,
    "ban": Text.COMMAND_BAN,
    "unban": Text.COMMAND_UNBAN,
    "grant": Text.COMMAND_GRANT,
    "refund": Text.COMMAND_REFUND,
}
WITH_A_LIMIT = {"limits": Text.COMMAND_LIMITS}
WITH_A_SHOP = {"buy": Text.COMMAND_BUY, "paysupport": Text.COMMAND_PAYSUPPORT}


async def offer(
    bot: Bot, texts: Texts, stop: asyncio.Event, *, limited: bool, selling: bool, admins: Iterable[int]
) -> None:
    """Tell Telegram which commands to offer, in each language and as the default, until it has heard all of it.

    Args:
        bot: The connection to Telegram.
        texts: The words of all languages.
        stop: Ends it.
        limited: Whether users have a number of jobs a day.
        selling: Whether they may buy more.
        admins: See their own commands, in their chats with the bot alone.
    """
    menu = EVERYBODY | (WITH_A_LIMIT if limited else {}) | (WITH_A_SHOP if selling else {})
    languages = ", ".join(texts.of(language)(Text.LANGUAGE_NAME) for language in LANGUAGES)
    menus: list[tuple[BotCommandScopeUnion, dict[str, Text]]] = [
        (BotCommandScopeDefault(), menu),
        (BotCommandScopeAllGroupChats(), IN_GROUPS),
        *((BotCommandScopeChat(chat_id=admin), menu | FOR_ADMINS) for admin in admins),
    ]
    for scope, commands in menus:
        for language in (None, *LANGUAGES):
            said = _commands(texts.of(language), commands, languages)
            call = partial(bot.set_my_commands, said, scope=scope, language_code=language)
            await _say(call, stop, about=scope.type)
    await _say(partial(bot.set_chat_menu_button, menu_button=MenuButtonCommands()), stop, about="menu_button")


async def _say(call: Callable[[], Coroutine[None, None, bool]], stop: asyncio.Event, *, about: str) -> None:
    backoff = Backoff(first=1.0, longest=LONGEST_PAUSE)
    backoff.next()  # none after a failure
    while not stop.is_set():
        try:
            await unless(stop, call())
        except _REFUSALS as error:  # an admin who never wrote to the bot has no chat with it yet
            log.info("bot.commands_refused", scope=about, status=status_of(error))
            return
        except AiogramError as error:
            wait = max(backoff.next(), error.retry_after if isinstance(error, TelegramRetryAfter) else 0)
            log.info("bot.commands_not_offered", status=status_of(error), next_in=round(wait, 1))
            await pause(stop, wait)
        else:
            return


def _commands(words: Words, menu: Mapping[str, Text], languages: str) -> list[BotCommand]:
    return [BotCommand(command=name, description=words(text, languages=languages)) for name, text in menu.items()]
