"""Refusals of who speaks too fast, and failures on demand."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)

from telegram_simulator.client import FaultKind, RefusedError


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


async def test_edits_have_a_limit_of_their_own(bot, telegram, ann):
    await telegram.limit(chat_per_second=1000, chat_burst=1000, edits_per_minute=3)
    try:
        began = time.monotonic()
        sent = await bot.send_message(ann.id, "0")
        for number in (1, 2, 3):
            await sent.edit_text(str(number))
        with pytest.raises(TelegramRetryAfter) as caught:
            await sent.edit_text("4")
        assert 20 - (time.monotonic() - began) <= caught.value.retry_after <= 20
        await bot.send_message(ann.id, "messages go on")
    finally:
        await telegram.limit(chat_per_second=1, chat_burst=5, edits_per_minute=20)


async def test_limits_can_be_switched_off(bot, telegram, ann):
    await telegram.limit(enabled=False)
    try:
        for number in range(30):
            await bot.send_message(ann.id, str(number))
    finally:
        await telegram.limit(enabled=True)
    with pytest.raises(RefusedError, match="no such limit"):
        await telegram.limit(speed=1)


async def test_429_on_demand_carries_its_pause_and_meets_the_chosen_chat_only(bot, telegram, ann, http, endpoint):
    bob = await telegram.user()
    await bob.send("/start")
    await telegram.fault("sendMessage", FaultKind.TOO_MANY_REQUESTS, retry_after=7, chat_id=ann.id)
    await bot.send_message(bob.id, "hello")
    async with http.post(endpoint("sendMessage"), json={"chat_id": ann.id, "text": "hello"}) as response:
        assert response.status == 429
        assert response.headers["Retry-After"] == "7"
        assert (await response.json())["parameters"] == {"retry_after": 7}
    await bot.send_message(ann.id, "hello")


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


@pytest.mark.parametrize("kind", [FaultKind.CUT, FaultKind.SLOW])
async def test_call_that_is_too_fast_is_refused_and_leaves_a_lost_reply_to_the_next(bot, telegram, ann, kind):
    await telegram.limit(chat_per_second=0.001, chat_burst=1)
    try:
        await bot.send_message(ann.id, "hello")
        await telegram.fault("sendMessage", kind, times=2)
        with pytest.raises(TelegramRetryAfter):
            await bot.send_message(ann.id, "and again")
    finally:
        await telegram.limit(chat_per_second=1, chat_burst=5)
    assert sum(fault["times"] for fault in await telegram.faults()) == 2


async def test_slow_call_has_its_effect_at_once_even_if_its_caller_hangs_up(bot, telegram, ann):
    await telegram.fault("sendMessage", FaultKind.SLOW, seconds=30)
    calling = asyncio.create_task(bot.send_message(ann.id, "hello"))
    await ann.says("hello")
    assert not calling.done()
    calling.cancel()
    assert len(await telegram.calls("sendMessage")) == 1


async def test_call_that_times_out_has_no_effect(bot, telegram, ann):
    await telegram.fault("sendMessage", FaultKind.TIMEOUT, seconds=0.5)
    began = time.monotonic()
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(ann.id, "hello")
    assert time.monotonic() - began >= 0.5
    assert (await ann.snapshot()).from_bot == ()


async def test_downloads_fail_on_demand_too(bot, telegram, ann, picture):
    await ann.send(document=picture())
    (update,) = await bot.get_updates()
    await telegram.fault("file", FaultKind.SERVER_ERROR)
    with pytest.raises(aiohttp.ClientResponseError):
        await bot.download(update.message.document)
    await telegram.fault("file", FaultKind.CUT)
    with pytest.raises(aiohttp.ClientPayloadError):
        await bot.download(update.message.document)
    assert (await bot.download(update.message.document)).read() == picture()


async def test_fault_that_does_not_exist_is_refused(telegram):
    with pytest.raises(RefusedError, match="no such fault"):
        await telegram.fault("sendMessage", "earthquake")
