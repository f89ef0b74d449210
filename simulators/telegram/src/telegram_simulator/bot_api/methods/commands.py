"""Methods about the menu of commands, and the button beside the input that opens it."""

from __future__ import annotations

import re

from aiogram.methods import SetChatMenuButton, SetMyCommands

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.common.errors import BadRequestError

MAX_COMMANDS = 100
_NAME = re.compile(r"[a-z0-9_]{1,32}")
_MAX_DESCRIPTION = 256


@answers(SetMyCommands)
async def set_my_commands(call: Call[SetMyCommands]) -> bool:
    """Check commands; the page doesn't show them."""
    if len(call.method.commands) > MAX_COMMANDS:
        raise BadRequestError("BOT_COMMANDS_TOO_MUCH")
    for command in call.method.commands:
        if not _NAME.fullmatch(command.command.removeprefix("/").lower()):
            raise BadRequestError("BOT_COMMAND_INVALID")
        if not 1 <= len(command.description) <= _MAX_DESCRIPTION:
            raise BadRequestError("BOT_COMMAND_DESCRIPTION_INVALID")
    return True


@answers(SetChatMenuButton)
async def set_chat_menu_button(_call: Call[SetChatMenuButton]) -> bool:
    """Choose what the button beside the input does; the page has none."""
    return True
