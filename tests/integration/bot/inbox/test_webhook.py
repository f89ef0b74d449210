"""Updates by webhook: the bot and Telegram's simulator as processes."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import re
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio
import redis as redis_client

from local_stack import SIMULATED_TOKEN, RedisServer, bare_environment, bot, free_port
from local_stack import TelegramSimulator as TelegramProcess
from qwenedit_bot.inbox.webhook import secret_of
from telegram_simulator.client import TelegramSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from local_stack import Service

pytestmark = pytest.mark.asyncio(loop_scope="module")

HEADER = "X-Telegram-Bot-Api-Secret-Token"
FAILURE_THRESHOLD = 3
"""Probes in a row that fail before the kubelet restarts the bot, as in the chart."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def telegram(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TelegramProcess]:
    process = TelegramProcess(env=bare_environment(), temp_dir=tmp_path_factory.mktemp("telegram"))
    await process.start()
    yield process
    await process.kill()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def simulator(telegram: TelegramProcess) -> AsyncIterator[TelegramSimulator]:
    async with TelegramSimulator(telegram.url) as client:
        yield client


def telegrams(address: str) -> dict[str, str]:
    """Return what only Telegram's requests have."""
    return {HEADER: secret_of(SIMULATED_TOKEN, address)}


@pytest.fixture(scope="module")
def address() -> str:
    return f"http://127.0.0.1:{free_port()}/telegram"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica(redis_server: RedisServer, telegram: TelegramProcess, address: str) -> AsyncIterator[Service]:
    with redis_client.Redis.from_url(redis_server.url) as client:
        client.flushall()
    service = bot(
        env=bare_environment(WEBHOOK_URL=address, WEBHOOK_PORT=address.rpartition(":")[2].partition("/")[0]),
        redis_url=redis_server.url,
        token=SIMULATED_TOKEN,
        telegram_url=telegram.url,
    )
    await service.start()
    yield service
    await service.kill()


@pytest.mark.usefixtures("replica")
async def test_only_who_knows_the_secret_is_heard(simulator: TelegramSimulator, address: str) -> None:
    ann = await simulator.user()
    (sent,) = await ann.send("a red hat")
    await ann.says("Which photo?")
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
            async with session.post(address, data=nothing, headers=telegrams(address)) as answer:
                assert answer.status == 400
        for _copy in range(3):
            async with session.post(address, json=update, headers=telegrams(address)) as answer:
                assert answer.status == 200
    # The message was answered before, so that its answer is edited: once, for three copies of the update.
    await ann.says("I edit photos")
    await ann.send("/help")
    await ann.wait_for(lambda chat: len(chat.from_bot) > 1)
    edits = [call for call in await simulator.calls("editMessageText") if call.chat_id == ann.id]
    assert len(edits) == 1


async def test_update_sent_during_a_restart_is_delivered_again(simulator: TelegramSimulator, replica: Service) -> None:
    ann = await simulator.user()
    assert await replica.stop() == 0
    await ann.send("/privacy")
    await replica.start()
    await ann.says("What I keep", timeout=60)  # Telegram waits longer after each refusal
    assert len((await ann.snapshot()).from_bot) == 1
    assert not await simulator.calls("deleteWebhook")
    assert not await simulator.calls("getUpdates")


async def test_update_that_redis_does_not_take_is_delivered_again(
    simulator: TelegramSimulator, replica: Service, redis_server: RedisServer
) -> None:
    ann = await simulator.user()
    with redis_client.Redis.from_url(redis_server.url) as redis:
        redis.config_set("min-replicas-to-write", 1)
        try:
            await ann.send("/privacy")
            await replica.wait_for_line("webhook.redis_unavailable")
        finally:
            redis.config_set("min-replicas-to-write", 0)
    await ann.says("What I keep", timeout=60)


STRANGERS = 500


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """Return a quarter of a megabyte that unpacks to a thousand times as much."""
    return gzip.compress(b"\0" * (256 << 20), compresslevel=6)


@asynccontextmanager
async def knocking(address: str, said: bytes, *, times: int) -> AsyncIterator[list[asyncio.StreamReader]]:
    """Open connections that say something and then nothing more."""
    host, _, port = address.removeprefix("http://").partition("/")[0].partition(":")
    opened = [await asyncio.open_connection(host, int(port)) for _ in range(times)]
    try:
        for _reader, writer in opened:
            writer.write(said)
        yield [reader for reader, _writer in opened]
    finally:
        for _reader, writer in opened:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    with contextlib.suppress(ConnectionError):
        return await reader.read()
    return b""


@asynccontextmanager
async def probed(replica: Service) -> AsyncIterator[None]:
    """Ask for `/livez` as the kubelet does, all the while; fail where it would restart the bot."""
    stop = asyncio.Event()

    async def probe() -> int:
        answered, late = 0, 0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
            while not stop.is_set():
                try:
                    async with session.get(f"{replica.probe_url}/livez") as answer:
                        assert answer.status == 200
                except TimeoutError:
                    late += 1
                    assert late < FAILURE_THRESHOLD
                else:
                    answered, late = answered + 1, 0
                await asyncio.sleep(0.05)
        return answered

    probing = asyncio.create_task(probe())
    try:
        yield
    finally:
        stop.set()
    assert await probing > 0


def memory_of(replica: Service) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{replica.pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


async def test_half_sent_requests_of_strangers_do_not_keep_telegram_out(replica, address):
    said = b"POST /telegram HTTP/1.1\r\nHost: x\r\nX-Half: "
    async with (
        knocking(address, said, times=STRANGERS),
        probed(replica),
        asyncio.timeout(20),
        aiohttp.ClientSession() as session,
    ):
        for number in range(20):
            async with session.post(address, json={"update_id": 20_000 + number}, headers=telegrams(address)) as answer:
                assert answer.status == 200


async def test_strangers_body_is_neither_unpacked_nor_waited_for(replica, address, bomb):
    head = (
        f"POST /telegram HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode()
    )
    before, told = memory_of(replica), len(replica.lines)
    async with probed(replica), asyncio.timeout(60):
        async with knocking(address, head + bomb, times=20) as bombs:
            answers = await asyncio.gather(*map(until_closed, bombs))
        async with knocking(address, head, times=20) as heads:  # the body never comes
            unsent = await asyncio.gather(*map(until_closed, heads))
    assert all(answer.startswith(b"HTTP/1.1 401") for answer in answers if answer)  # or reset, with the bomb on its way
    assert all(answer.startswith(b"HTTP/1.1 401") for answer in unsent)
    assert memory_of(replica) - before < 64 << 20
    assert sum("webhook.refused" in line for line in replica.lines[told:]) <= 2


async def test_compressed_update_is_refused_even_with_the_secret(replica, address, bomb):
    async with aiohttp.ClientSession() as session:
        headers = telegrams(address) | {"Content-Encoding": "gzip"}
        async with probed(replica), session.post(address, data=bomb, headers=headers) as answer:
            assert answer.status == 415
