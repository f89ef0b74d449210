"""Other web pages, open in the same browser, can neither act nor look on the chat page."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer

from qwenedit_testkit.threads import on_a_thread
from telegram_simulator.server import Config, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

BOT_IDS = itertools.count(100)
PAUSE = {"user": 1001, "text": "/pause"}
FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},  # of a sandboxed frame
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},  # another port of this machine
]


@pytest.fixture(scope="module")
def simulator_url() -> Iterator[str]:
    with on_a_thread(lambda: running(Config(port=0))) as url:
        yield url


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def bot(simulator_url: str) -> AsyncIterator[Bot]:
    """A bot that nobody has spoken to."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(simulator_url))
    async with Bot(f"{next(BOT_IDS)}:secret", session=session) as bot:
        await bot.get_me()
        yield bot


async def status(http, url, **request) -> int:
    async with http.post(url, **request) as response:
        return int(response.status)


@pytest.mark.parametrize("headers", FOREIGN)
async def test_request_of_another_page_is_refused_everywhere(bot, http, simulator_url, headers):
    for path in ("/simulator/send", "/chat/state", f"/bot{bot.token}/getMe"):
        assert await status(http, f"{simulator_url}{path}", headers=headers, json=PAUSE) == 403
    assert await bot.get_updates() == []


@pytest.mark.parametrize("headers", [{}, {"Origin": "OWN"}, {"Sec-Fetch-Site": "same-origin"}])
async def test_request_of_the_page_itself_is_taken(bot, http, simulator_url, headers):
    headers = {name: value.replace("OWN", simulator_url) for name, value in headers.items()}
    async with http.get(f"{simulator_url}/chat/state", headers=headers) as response:
        assert response.status == 200
    assert await status(http, f"{simulator_url}/simulator/send", headers=headers, json=PAUSE) == 200
    (update,) = await bot.get_updates()
    assert update.message.text == "/pause"


async def test_domain_that_leads_here_shows_nothing_of_the_chat_and_still_reaches_the_bot_api(bot, http, simulator_url):
    for host, expected in (("evil.example:8090", 403), ("telegram.photos.svc:8090", 200), ("localhost:1", 200)):
        async with http.get(f"{simulator_url}/chat/state", headers={"Host": host}) as response:
            assert response.status == expected
    async with http.get(f"{simulator_url}/bot{bot.token}/getMe", headers={"Host": "telegram.example"}) as response:
        assert response.status == 200


async def test_page_may_be_linked_to_and_neither_framed_nor_extended(http, simulator_url):
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    async with http.get(simulator_url, headers=link) as response:
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
    assert {"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy.split("; "))
