"""Refusals of who speaks too fast, and failures on demand."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from telegram_simulator.client import FaultKind


async def test_burst_is_let_through_and_then_one_message_a_second(bot, ann):
    accepted: list[str] = []

    async def send_until_refused() -> None:
        while len(accepted) < 100:
            await bot.send_message(ann.id, text := str(len(accepted)))
            accepted.append(text)

    began = time.monotonic()
    with pytest.raises(TelegramRetryAfter) as caught:
        await send_until_refused()
    assert 5 <= len(accepted) <= 5 + time.monotonic() - began
    assert caught.value.retry_after == 1
    await asyncio.sleep(caught.value.retry_after + 0.1)
    await bot.send_message(ann.id, "after a second")
    assert [message.text for message in (await ann.snapshot()).from_bot] == [*accepted, "after a second"]


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


async def test_call_that_times_out_has_no_effect(bot, telegram, ann):
    await telegram.fault("sendMessage", FaultKind.TIMEOUT, seconds=0.5)
    began = time.monotonic()
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(ann.id, "hello")
    assert time.monotonic() - began >= 0.5
    assert (await ann.snapshot()).from_bot == ()
