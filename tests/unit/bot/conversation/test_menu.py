"""The menu of commands, offered until Telegram has heard of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiogram import Bot
from aiogram.exceptions import TelegramNetworkError, TelegramServerError
from aiogram.methods import SetMyCommands

from qwenedit_bot.conversation.commands import menu
from qwenedit_bot.texts import LANGUAGES, Texts

if TYPE_CHECKING:
    import pytest

METHOD = SetMyCommands(commands=[])


class Telegram(Bot):
    """Fails with each of the given errors in turn, then takes what it is told."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__("42:secret")
        self.errors = list(errors)
        self.menu_button = "default"
        self.told: set[tuple[str, str | None]] = set()

    async def set_my_commands(self, *_commands: Any, **call: Any) -> bool:
        if self.errors:
            raise self.errors.pop(0)
        self.told.add((call["scope"].type, call["language_code"]))
        return True

    async def set_chat_menu_button(self, *_nothing: Any, **call: Any) -> bool:
        self.menu_button = call["menu_button"].type
        return True


async def test_menu_is_offered_again_while_telegram_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def pause(_stop: asyncio.Event, seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(menu, "pause", pause)
    errors = TelegramServerError(method=METHOD, message=""), TelegramNetworkError(method=METHOD, message="")
    telegram = Telegram(*errors)
    await menu.offer(telegram, Texts(), asyncio.Event(), limited=False, selling=False)
    assert len(telegram.told) == 2 * (len(LANGUAGES) + 1)
    assert telegram.menu_button == "commands"
    assert waited == [60.0] * 2


async def test_menu_is_not_offered_any_more_when_the_bot_is_to_stop() -> None:
    stop = asyncio.Event()
    stop.set()
    telegram = Telegram()
    await menu.offer(telegram, Texts(), stop, limited=False, selling=False)
    assert not telegram.told
