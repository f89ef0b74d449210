"""Receiving updates by being called."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from qwenedit_testkit.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Receiver:
    """A bot's address, which answers as the test says."""

    def __init__(self) -> None:
        self.url = ""
        self.updates: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.secrets: list[str | None] = []
        self.times: list[float] = []
        self.answers: list[web.Response] = []

    async def receive(self, request: web.Request) -> web.Response:
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.times.append(time.monotonic())
        self.updates.put_nowait(await request.json())
        return self.answers.pop(0) if self.answers else web.Response()

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(30):
            return await self.updates.get()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


async def test_updates_are_delivered_in_order_with_the_secret_and_are_then_gone(bot, ann, receiver):
    await ann.send("before")
    await bot.set_webhook(receiver.url, secret_token="s3cret")
    await ann.send("after")
    assert [(await receiver.next())["message"]["text"] for _ in range(2)] == ["before", "after"]
    assert receiver.secrets == ["s3cret", "s3cret"]

    async def none_left() -> bool:
        return bool((await bot.get_webhook_info()).pending_update_count == 0)

    await eventually(none_left)
    assert (await bot.get_webhook_info()).url == receiver.url
    await bot.delete_webhook()
    assert await bot.get_updates() == []


async def test_update_that_was_not_taken_comes_again_ever_later(bot, ann, receiver):
    receiver.answers = [web.Response(status=500), web.Response(status=503)]
    await bot.set_webhook(receiver.url)
    await ann.send("hello")
    updates = [await receiver.next() for _ in range(3)]
    assert len({update["update_id"] for update in updates}) == 1
    first, second, third = receiver.times
    assert third - second > 1.9
    assert third - second > second - first
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 503 Service Unavailable"
    await bot.delete_webhook()


async def test_chat_that_is_stuck_does_not_hold_up_other_chats(bot, telegram, ann, receiver):
    bob = await telegram.user()
    receiver.answers = [web.Response(status=500) for _ in range(3)]
    await bot.set_webhook(receiver.url)
    await ann.send("stuck")
    assert [(await receiver.next())["message"]["text"] for _ in range(3)] == ["stuck"] * 3
    await ann.send("behind it")
    await bob.send("passes by")
    assert [(await receiver.next())["message"]["text"] for _ in range(3)] == ["passes by", "stuck", "behind it"]
    await bot.delete_webhook()
