"""Updates by webhook: the bot and Telegram's simulator as processes, the worker's part by hand."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio
import redis as redis_client
from PIL import Image

from local_stack import SIMULATED_TOKEN, RedisServer, bare_environment, bot, free_port
from local_stack import TelegramSimulator as TelegramProcess
from telegram_simulator.client import TelegramSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from local_stack import Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "only-Telegram_knows-this"
HEADER = "X-Telegram-Bot-Api-Secret-Token"


def photo(kind: str = "JPEG") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (320, 240), "teal").save(data, kind)
    return data.getvalue()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def telegram() -> AsyncIterator[TelegramProcess]:
    process = TelegramProcess(env=bare_environment())
    await process.start()
    yield process
    await process.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def simulator(telegram: TelegramProcess) -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator(telegram.url) as client:
        yield client


@pytest.fixture(scope="module")
def address() -> str:
    return f"http://127.0.0.1:{free_port()}/telegram"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(redis_server: RedisServer, telegram: TelegramProcess, address: str) -> AsyncIterator[Service]:
    with redis_client.Redis.from_url(redis_server.url) as client:
        client.flushall()
    service = bot(
        env=bare_environment(
            BOT_MODE="webhook",
            WEBHOOK_URL=address,
            WEBHOOK_SECRET=SECRET,
            WEBHOOK_PORT=address.rpartition(":")[2].partition("/")[0],
        ),
        redis_url=redis_server.url,
        token=SIMULATED_TOKEN,
        telegram_url=telegram.url,
    )
    await service.start()
    yield service
    await service.kill()


@pytest.mark.usefixtures("replica")
async def test_a_photo_that_comes_by_webhook_is_answered(
    simulator: TelegramSimulator, redis_server: RedisServer, worker_by_hand
) -> None:
    ann = await simulator.user()
    async with worker_by_hand(redis_server.url) as worker:
        await ann.send(photo=photo(), caption="make it snow")
        await worker.finish_next(photo("PNG"))
        await ann.picture()
    assert not await simulator.calls("getUpdates")


@pytest.mark.usefixtures("replica")
async def test_only_who_knows_the_secret_is_heard(simulator: TelegramSimulator, address: str) -> None:
    ann = await simulator.user()
    (sent,) = await ann.send("hello")
    await ann.says("I need a photo first")
    update = {
        "update_id": 9001,
        "message": {
            "message_id": sent,
            "date": 1,
            "text": "/start",
            "from": {"id": ann.id, "is_bot": False, "first_name": "Ann"},
            "chat": {"id": ann.id, "type": "private"},
        },
    }
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {HEADER: "guessed"}):
            async with session.post(address, json=update, headers=headers) as answer:
                assert answer.status == 401
        for nothing in (b"no update", b"[]", b"{}", b'{"update_id": 1e999}', b"[" * 100_000):
            async with session.post(address, data=nothing, headers={HEADER: SECRET}) as answer:
                assert answer.status == 400
        for _copy in range(3):
            async with session.post(address, json=update, headers={HEADER: SECRET}) as answer:
                assert answer.status == 200
    # The message was answered before, so that its answer is edited: once, for three copies of the update.
    await ann.says("I edit photos")
    await ann.send("thanks")
    await ann.wait_for(lambda chat: len(chat.from_bot) > 1)
    edits = [call for call in await simulator.calls("editMessageText") if call.chat_id == ann.id]
    assert len(edits) == 1


@pytest.mark.usefixtures("replica")
async def test_a_secret_that_is_no_text_is_a_wrong_one(address: str) -> None:
    host, _, port = address.removeprefix("http://").partition("/")[0].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"POST /telegram HTTP/1.0\r\n{HEADER}: ".encode() + b"\xff\xfe\r\nContent-Length: 2\r\n\r\n{}")
    assert (await reader.readline()).split()[1] == b"401"
    writer.close()


async def test_what_is_sent_during_a_restart_is_delivered_again(simulator: TelegramSimulator, replica: Service) -> None:
    ann = await simulator.user()
    assert await replica.stop() == 0
    await ann.send("/privacy")
    await replica.start()
    await ann.says("What I keep", timeout=60)  # Telegram waits longer after each refusal
    assert len((await ann.snapshot()).from_bot) == 1
    assert not await simulator.calls("deleteWebhook")


async def test_a_mode_without_its_address_stops_the_start(redis_server: RedisServer, telegram: TelegramProcess) -> None:
    service = bot(
        env=bare_environment(BOT_MODE="webhook"),
        redis_url=redis_server.url,
        token=SIMULATED_TOKEN,
        telegram_url=telegram.url,
    )
    with pytest.raises(Exception, match="set WEBHOOK_URL and WEBHOOK_SECRET"):
        await service.start()
