"""The menu of commands, offered until Telegram has heard of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramNetworkError, TelegramRetryAfter, TelegramServerError
from aiogram.methods import SetMyCommands

from qwenedit_bot.conversation import command_menu
from qwenedit_bot.texts import LANGUAGES, Texts

METHOD = SetMyCommands(commands=[])
IN_EACH = len(LANGUAGES) + 1
"""Languages, and the default."""


class Telegram(Bot):
    """Fails with each of the given errors in turn, then takes what it is told."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__("42:secret")
        self.errors = list(errors)
        self.asked = 0
        self.menu_button = "default"
        self.told: list[tuple[str, int | None, str | None]] = []

    async def set_my_commands(self, *_commands: Any, **call: Any) -> bool:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        scope = call["scope"]
        self.told.append((scope.type, getattr(scope, "chat_id", None), call["language_code"]))
        return True

    async def set_chat_menu_button(self, *_nothing: Any, **call: Any) -> bool:
        self.menu_button = call["menu_button"].type
        return True


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []

    async def pause(stop: asyncio.Event, seconds: float) -> bool:
        waited.append(seconds)
        return stop.is_set()

    monkeypatch.setattr(command_menu, "pause", pause)
    return waited


async def offer(telegram: Telegram, stop: asyncio.Event | None = None) -> None:
    texts = Texts()
    await command_menu.offer(telegram, texts, stop or asyncio.Event(), limited=False, selling=False, admins=[7])


async def test_menu_is_repeated_with_growing_pauses_while_telegram_fails(pauses: list[float]) -> None:
    failures = [TelegramServerError(method=METHOD, message="") for _ in range(3)]
    telegram = Telegram(*failures, TelegramNetworkError(method=METHOD, message=""))
    await offer(telegram)
    assert len(telegram.told) == len(set(telegram.told)) == 3 * IN_EACH
    assert telegram.menu_button == "commands"
    assert len(pauses) == 4
    assert pauses[0] < pauses[-1] <= command_menu.LONGEST_PAUSE


async def test_menu_waits_as_long_as_telegram_says(pauses: list[float]) -> None:
    telegram = Telegram(TelegramRetryAfter(method=METHOD, message="", retry_after=77))
    await offer(telegram)
    assert pauses == [77]
    assert len(telegram.told) == 3 * IN_EACH


async def test_admin_without_a_chat_is_not_told_again_and_others_are(pauses: list[float]) -> None:
    everybody = 2 * IN_EACH

    class WithoutChat(Telegram):
        async def set_my_commands(self, *commands: Any, **call: Any) -> bool:
            if call["scope"].type == "chat":
                self.asked += 1
                raise TelegramBadRequest(method=METHOD, message="chat not found")
            return await super().set_my_commands(*commands, **call)

    telegram = WithoutChat()
    await offer(telegram)
    assert len(telegram.told) == everybody
    assert telegram.asked == everybody + IN_EACH
    assert pauses == []


async def test_lease_keeper_ends_when_the_worker_is_to_stop(pauses: list[float]) -> None:
    stop = asyncio.Event()

    class Stopping(Telegram):
        async def set_my_commands(self, *_commands: Any, **_call: Any) -> bool:
            self.asked += 1
            stop.set()
            raise TelegramNetworkError(method=METHOD, message="")

    telegram = Stopping()
    await offer(telegram, stop)
    assert telegram.asked == 1
    assert len(pauses) == 1
