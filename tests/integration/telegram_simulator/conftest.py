"""The simulator, and aiogram's Bot as the bot: what aiogram understands is what a bot gets."""

from __future__ import annotations

import io
import itertools
import logging
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from PIL import Image

import telegram_simulator
from qwenedit_testkit.threads import on_a_thread
from telegram_simulator.client import TelegramSimulator
from telegram_simulator.server import Config, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from telegram_simulator.client import Person

_bot_ids = itertools.count(100)


@pytest.fixture(scope="session")
def simulator_url() -> Iterator[str]:
    """One simulator for all tests: each has a bot of its own in it."""
    defects: list[str] = []

    def note(record: logging.LogRecord) -> bool:
        text = logging.Formatter().format(record)
        if "Traceback" in text and telegram_simulator.__name__ in text:  # other simulators run in this process as well
            defects.append(text)
        return True

    server = logging.getLogger("aiohttp.server")
    server.addFilter(note)
    with on_a_thread(lambda: running(Config(port=0))) as url:
        yield url
    server.removeFilter(note)
    assert defects == []


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """For what aiogram is too well-behaved to do."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def bot(simulator_url: str) -> AsyncIterator[Bot]:
    """A bot that nobody has spoken to."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(simulator_url))
    async with Bot(f"{next(_bot_ids)}:secret", session=session) as bot:
        await bot.get_me()
        yield bot


@pytest.fixture
async def telegram(simulator_url: str, bot: Bot) -> AsyncIterator[TelegramSimulator]:
    """The other side of that bot."""
    async with TelegramSimulator(simulator_url, bot_id=bot.id) as telegram:
        yield telegram
        await telegram.clear_faults()


@pytest.fixture
async def ann(telegram: TelegramSimulator, bot: Bot) -> Person:
    """A person who has started the bot; the bot has confirmed that."""
    ann = await telegram.user()
    await ann.send("/start")
    (update,) = await bot.get_updates()
    await bot.get_updates(offset=update.update_id + 1)
    return ann


@pytest.fixture
def endpoint(simulator_url: str, bot: Bot) -> Callable[[str], str]:
    """Return the address of a method."""
    return lambda method: f"{simulator_url}/bot{bot.token}/{method}"


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Return what makes the bytes of a picture."""

    def make(width: int = 320, height: int = 240, kind: str = "JPEG", mode: str = "RGB", **options: Any) -> bytes:
        data = io.BytesIO()
        Image.new(mode, (width, height), "tomato").save(data, kind, **options)
        return data.getvalue()

    return make
