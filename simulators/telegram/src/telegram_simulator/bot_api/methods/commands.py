"""Methods about the menu of commands, and the button beside the input that opens it."""

from __future__ import annotations

from aiogram.methods import SetChatMenuButton, SetMyCommands

from telegram_simulator.bot_api.methods.registry import Call, answers


@answers(SetMyCommands)
async def set_my_commands(_call: Call[SetMyCommands]) -> bool:
    """Take commands; the page doesn't show them."""
    return True


@answers(SetChatMenuButton)
async def set_chat_menu_button(_call: Call[SetChatMenuButton]) -> bool:
    """Choose what the button beside the input does; the page has none."""
    return True
