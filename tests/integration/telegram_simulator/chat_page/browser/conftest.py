"""A real browser on the chat page of the simulator, and a bot whose every word the test says."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from playwright.async_api import Browser, Page, async_playwright, expect

from qwenedit_testkit.threads import on_a_thread
from telegram_simulator.server import Config, running
from telegram_simulator.world.rate_limits import Rates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from aiogram.types import CallbackQuery, Message

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = """
    --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync
""".split()
USER_IDS = itertools.count(2001)
ANSWER_TIMEOUT = 30.0
"""Seconds within which what a user did on the page must have reached the bot."""


class Talk:
    """The bot's side of its chat with one user: what that user said and pressed, for a test to read one by one."""

    def __init__(self, api: Bot) -> None:
        self.api = api
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.presses: asyncio.Queue[CallbackQuery] = asyncio.Queue()

    async def message(self) -> Message:
        """Return the next message of the user."""
        async with asyncio.timeout(ANSWER_TIMEOUT):
            return await self.messages.get()

    async def press(self) -> CallbackQuery:
        """Return the next press of a button."""
        async with asyncio.timeout(ANSWER_TIMEOUT):
            return await self.presses.get()


class ScriptedBot:
    """Takes updates off the simulator and sorts them by user."""

    def __init__(self, api_url: str) -> None:
        self.api = Bot("42:scripted", session=AiohttpSession(api=TelegramAPIServer.from_base(api_url)))
        self._talks: dict[int, Talk] = {}

    def talk(self, user_id: int) -> Talk:
        """Return the chat with a user."""
        return self._talks.setdefault(user_id, Talk(self.api))

    async def poll(self) -> None:
        """Fetch updates until cancelled."""
        offset = 0
        while True:
            for update in await self.api.get_updates(offset=offset, timeout=5):
                offset = update.update_id + 1
                if update.message and update.message.from_user:
                    await self.talk(update.message.from_user.id).messages.put(update.message)
                if update.callback_query:
                    await self.talk(update.callback_query.from_user.id).presses.put(update.callback_query)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=ANSWER_TIMEOUT * 1000)
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser: neither CHROMIUM is set nor is any of {', '.join(BROWSERS)} on the PATH")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=BROWSER_ARGUMENTS, timeout=90_000)
        yield browser
        await browser.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with on_a_thread(lambda: running(Config(port=0, rates=Rates(enabled=False)))) as url:
        yield url


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scripted_bot(address: str) -> AsyncIterator[ScriptedBot]:
    bot = ScriptedBot(address)
    polling = asyncio.create_task(bot.poll())
    yield bot
    polling.cancel()
    await asyncio.wait([polling])
    await bot.api.session.close()


@pytest.fixture
def user_id() -> int:
    """Each test is a person of its own, with an empty chat."""
    return next(USER_IDS)


@pytest.fixture
def bot(scripted_bot: ScriptedBot, user_id: int) -> Talk:
    return scripted_bot.talk(user_id)


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, bot: Talk, address: str, user_id: int) -> AsyncIterator[Page]:
    """The page as its user first meets it; an error in its scripts fails the test."""
    context = await browser.new_context(viewport={"width": 1024, "height": 768}, locale="en-GB")
    context.set_default_timeout(ANSWER_TIMEOUT * 1000)
    page = await context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(f"{address}/?user={user_id}")
    await page.get_by_text("online", exact=True).wait_for()
    yield page
    await context.close()
    assert errors == []


@pytest.fixture
def photos() -> dict[str, Path]:
    """The simulator's own sample photos by name."""
    folder = Path(str(files("telegram_simulator.chat_page"))) / "samples"
    return {path.stem: path for path in folder.glob("*.jpg")}
