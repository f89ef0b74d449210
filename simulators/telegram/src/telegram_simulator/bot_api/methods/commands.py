"""Methods about the menu of commands, and the button beside the input that opens it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from aiogram.methods import (
    SetChatMenuButton,
    SetMyCommands,
)

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.common.errors import BadRequestError

if TYPE_CHECKING:
    from aiogram.types import BotCommand

    from telegram_simulator.bot_api.render import Json

MAX_COMMANDS = 100
_NAME = re.compile(r"[a-z0-9_]{1,32}")
_MAX_DESCRIPTION = 256


@answers(SetMyCommands)
async def set_my_commands(call: Call[SetMyCommands]) -> bool:
    """Offer commands in a scope and a language."""
    commands = call.method.commands
    if len(commands) > MAX_COMMANDS:
        raise BadRequestError("BOT_COMMANDS_TOO_MUCH")
    call.bot.commands[_key(call)] = [_command(command) for command in commands]
    return True


@answers(SetChatMenuButton)
async def set_chat_menu_button(call: Call[SetChatMenuButton]) -> bool:
    """Choose what the button beside the input does, in one private chat or in all others."""
    button = call.method.menu_button
    chosen = {"type": "default"} if button is None else button.model_dump(mode="json", exclude_none=True)
    call.bot.menu_buttons[call.method.chat_id or 0] = chosen
    return True


def _command(command: BotCommand) -> Json:
    name = command.command.removeprefix("/").lower()
    if not _NAME.fullmatch(name):
        raise BadRequestError("BOT_COMMAND_INVALID")
    if not 1 <= len(command.description) <= _MAX_DESCRIPTION:
        raise BadRequestError("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": name, "description": command.description}


def _key(call: Call[Any]) -> tuple[str, str]:
    scope = call.method.scope
    named = scope.model_dump(mode="json", exclude_none=True) if scope else {"type": "default"}
    return json.dumps(named, sort_keys=True), call.method.language_code or ""
