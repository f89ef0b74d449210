"""Refusals and slow links on demand, for one chat, one method or one file."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter

from telegram_simulator.client import FaultKind


@pytest.fixture
async def bob(telegram):
    bob = await telegram.user(first_name="Bob")
    await bob.send("/start")
    return bob


async def test_refusal_meets_one_chat_for_ever_until_it_is_cleared(bot, ann, bob):
    await ann.refuse(description="CHAT_RESTRICTED")
    for _ in range(3):
        with pytest.raises(TelegramBadRequest, match="Bad Request: CHAT_RESTRICTED"):
            await bot.send_message(ann.id, "hello")
    with pytest.raises(TelegramBadRequest, match="CHAT_RESTRICTED"):
        await bot.send_chat_action(ann.id, "typing")
    await bot.send_message(bob.id, "hello")
    await ann.clear_refusals()
    await bot.send_message(ann.id, "hello")


async def test_refusal_meets_one_method_as_often_as_asked_for(bot, telegram, ann):
    await ann.refuse("sendMessage", status=403, description="bot was blocked by the user", times=2)
    for _ in range(2):
        with pytest.raises(TelegramForbiddenError, match="Forbidden: bot was blocked by the user"):
            await bot.send_message(ann.id, "hello")
        await bot.send_chat_action(ann.id, "typing")
    await bot.send_message(ann.id, "hello")
    assert await telegram.faults() == []


async def test_refusal_carries_its_parameters(bot, telegram, ann, http, endpoint):
    group = await telegram.group("Friends", ann)
    await group.refuse("sendMessage", status=429, parameters={"retry_after": 3600})
    async with http.post(endpoint("sendMessage"), json={"chat_id": group.id, "text": "x"}) as response:
        assert response.headers["Retry-After"] == "3600"
        assert await response.json() == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 3600",
            "parameters": {"retry_after": 3600},
        }
    with pytest.raises(TelegramRetryAfter):
        await bot.send_message(group.id, "x")
    await bot.send_message(ann.id, "other chats go on")


async def test_refusal_of_answers_to_presses_belongs_to_the_chat_of_the_button(bot, ann, bob):
    keyboard = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    for person in (ann, bob):
        await bot.send_message(person.id, "x", reply_markup=keyboard)
        await person.press("A")
    of_ann, of_bob = [update.callback_query for update in await bot.get_updates()][-2:]
    await ann.refuse("answerCallbackQuery", description="QUERY_ID_INVALID", times=1)
    assert await bot.answer_callback_query(of_bob.id)
    with pytest.raises(TelegramBadRequest, match="QUERY_ID_INVALID"):
        await bot.answer_callback_query(of_ann.id)


async def downloaded(bot, update) -> bytes:
    return bytes((await bot.download(update.message.document)).read())


async def test_downloads_from_one_chat_are_throttled(bot, ann, bob):
    await ann.send(document=b"a" * 3000)
    await bob.send(document=b"b" * 3000)
    _, of_ann, of_bob = await bot.get_updates()
    await ann.throttle_downloads(600)
    began = time.monotonic()
    slow = asyncio.create_task(downloaded(bot, of_ann))
    assert await downloaded(bot, of_bob) == b"b" * 3000
    assert not slow.done()
    assert await slow == b"a" * 3000
    assert time.monotonic() - began >= 4.5


async def test_download_of_one_file_stalls_and_another_comes(bot, telegram, ann):
    await ann.send(document=b"a" * 100_000)
    await ann.send(document=b"b" * 100_000)
    first, second = await bot.get_updates()
    await telegram.fault("file", FaultKind.STALL, times=None, file_id=first.message.document.file_id, seconds=0.5)
    assert await downloaded(bot, second) == b"b" * 100_000
    began = time.monotonic()
    with pytest.raises(aiohttp.ClientPayloadError):
        await downloaded(bot, first)
    assert time.monotonic() - began >= 0.4


async def test_downloads_from_one_chat_are_cut_until_cleared(bot, ann):
    await ann.send(document=b"a" * 100_000)
    (update,) = await bot.get_updates()
    await ann.cut_downloads()
    for _ in range(2):
        with pytest.raises(aiohttp.ClientPayloadError):
            await downloaded(bot, update)
    await ann.clear_refusals()
    assert await downloaded(bot, update) == b"a" * 100_000


@pytest.mark.parametrize("arm", ["throttle_downloads", "stall_downloads"])
async def test_download_that_the_bot_gives_up_does_no_harm(bot, ann, http, simulator_url, arm):
    await ann.send(document=b"a" * (1 << 20))
    (update,) = await bot.get_updates()
    file = await bot.get_file(update.message.document.file_id)
    await getattr(ann, arm)(20_000)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with http.get(
                f"{simulator_url}/file/bot{bot.token}/{file.file_path}", timeout=aiohttp.ClientTimeout(total=0.3)
            ) as response:
                await response.read()
    await ann.clear_refusals()
    assert len(await downloaded(bot, update)) == 1 << 20
