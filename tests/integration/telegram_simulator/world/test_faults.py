"""Failures on demand."""

from __future__ import annotations

import pytest
from aiogram.exceptions import ClientDecodeError, TelegramNetworkError, TelegramServerError, TelegramUnauthorizedError

from telegram_simulator.client import FaultKind


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (FaultKind.SERVER_ERROR, TelegramServerError),
        (FaultKind.BAD_GATEWAY, ClientDecodeError),
        (FaultKind.UNAUTHORIZED, TelegramUnauthorizedError),
        (FaultKind.DROP, TelegramNetworkError),
    ],
)
async def test_failure_without_effect_meets_as_many_calls_as_asked_for(bot, telegram, ann, kind, error):
    await telegram.fault("sendMessage", kind, times=2)
    for _ in range(2):
        with pytest.raises(error):
            await bot.send_message(ann.id, "hello")
    await bot.send_message(ann.id, "hello")
    assert len((await ann.snapshot()).from_bot) == 1
    assert await telegram.faults() == []


async def test_cut_loses_the_reply_and_not_the_effect(bot, telegram, ann):
    await telegram.fault("sendMessage", FaultKind.CUT)
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(ann.id, "hello")
    await ann.says("hello")
