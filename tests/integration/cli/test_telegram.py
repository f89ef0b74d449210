"""The status says how the bot's pod reaches Telegram, and never shows the token."""

from __future__ import annotations

import json
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from local_stack.processes.ports import HOST, free_port
from tests.integration.cli.conftest import line_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOKEN = "42:hidden"


@asynccontextmanager
async def telegram(status: int = 200, **result: Any) -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        assert request.path == f"/bot{TOKEN}/getWebhookInfo"
        return web.Response(status=status, text=json.dumps({"ok": True, "result": result}))

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def looked(desk, monkeypatch):
    """Look at the status where Telegram is at an address; returns the line of a name."""

    async def look(url: str, name: str) -> str:
        monkeypatch.setenv("BOT_TOKEN", f"{TOKEN}\n")
        monkeypatch.setenv("TELEGRAM_API_URL", url)
        await desk.redis.set(desk.keys.leader, "bot-0")
        await desk.redis.hset(desk.keys.layout, "layout", 2)
        said = await desk.ask("status")
        assert "hidden" not in said.out + said.err
        return str(line_of(said, name))

    return look


async def test_telegram_that_answers_is_told_with_what_waits_there(looked):
    async with telegram(pending_update_count=3, last_error_date=1, last_error_message="old") as url:
        assert await looked(url, "telegram") == f"{url} answers; 3 updates wait there"
        assert await looked(url, "trouble") == "none that is seen here"


async def test_token_that_telegram_refuses_is_trouble(looked):
    async with telegram(401) as url:
        told = f"Telegram at {url} can't be reached, or refuses: HTTP Error 401: Unauthorized"
        assert await looked(url, "trouble") == f"QweneditTelegramRejects: {told}"


async def test_telegram_that_cannot_be_reached_is_trouble_in_the_errors_words(looked):
    url = f"http://{HOST}:{free_port()}"
    told = f"QweneditTelegramRejects: Telegram at {url} can't be reached, or refuses: [Errno 111] Connection refused"
    assert await looked(url, "trouble") == told


async def test_address_that_cannot_be_read_is_trouble_without_the_token(looked):
    assert (await looked("http://a b", "trouble")).endswith("refuses: InvalidURL")


async def test_webhook_that_refuses_is_trouble_in_telegrams_words(looked):
    lately = int(time.time()) - 20
    said = "Wrong response from the webhook: 403 Forbidden"
    async with telegram(url="https://bot", last_error_date=lately, last_error_message=said) as url:
        assert (await looked(url, "trouble")).endswith(f" s ago: {said}")
