"""How the bot starts, or does not, when something around it is wrong."""

from __future__ import annotations

import asyncio
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
import redis.asyncio as redis_client
from aiohttp import web
from aiohttp.test_utils import TestServer

from local_stack import HOST, Service, answers, at_once, bare_environment, free_port
from qwenedit_jobs import Keys
from qwenedit_jobs.errors import AnotherBotError
from qwenedit_jobs.redis.state_layout import LAYOUT, check_layout, claim_state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_testkit.object_server import ObjectServer

SECRET = "AAbbCCddEEffGGhhIIjjKK"
TOKEN = f"424242:{SECRET}"


@asynccontextmanager
async def running(**settings: str) -> AsyncIterator[Service]:
    bot = Service("bot", "qwenedit_bot", env=bare_environment(**settings), ready=at_once())
    await bot.start()
    try:
        yield bot
    finally:
        await bot.kill()
    assert SECRET not in "\n".join(bot.lines)


@asynccontextmanager
async def telegram(status: int, body: str) -> AsyncIterator[str]:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def reason(bot: Service) -> str:
    async with asyncio.timeout(90), aiohttp.ClientSession() as session:
        while not await answers(f"{bot.probe_url}/livez"):
            await asyncio.sleep(0.05)
        async with session.get(f"{bot.probe_url}/readyz") as response:
            assert response.status == 503
            return await response.text()


async def test_wrong_setting_stops_the_start_with_a_line_that_names_it() -> None:
    """What each setting takes, tests/unit/bot/test_settings.py shows."""
    async with running(BOT_TOKEN=TOKEN, MAX_RETRIES="99") as bot, asyncio.timeout(90):
        assert await bot.wait() == 2
        assert any(line.startswith("MAX_RETRIES is '99': must be at least 1 and at most 10") for line in bot.lines)
        assert not any("Traceback" in line for line in bot.lines)


async def test_bot_without_redis_waits_says_so_and_stops_when_told(redis_url: str) -> None:
    url = f"redis://{HOST}:{free_port()}/0"
    async with running(BOT_TOKEN=TOKEN, REDIS_URL=url) as bot, asyncio.timeout(90):
        assert "Redis" in await reason(bot)
        await bot.wait_for_line("start.redis_unavailable")
        assert await bot.stop() == 0


async def test_token_that_telegram_refuses_ends_the_start(redis_url: str) -> None:
    async with (
        telegram(401, '{"ok": false, "error_code": 401, "description": "Unauthorized"}') as url,
        running(BOT_TOKEN=TOKEN, REDIS_URL=redis_url, TELEGRAM_API_URL=url) as bot,
        asyncio.timeout(90),
    ):
        assert await bot.wait() == 2
        await bot.wait_for_line("Telegram does not know this BOT_TOKEN")


async def test_redis_that_evicts_ends_the_start(redis_url: str) -> None:
    async with redis_client.Redis.from_url(redis_url) as redis:
        await redis.config_set("maxmemory-policy", "allkeys-lru")
        try:
            async with running(BOT_TOKEN=TOKEN, REDIS_URL=redis_url) as bot, asyncio.timeout(90):
                assert await bot.wait() == 2
                await bot.wait_for_line("maxmemory-policy is allkeys-lru.*Set it to noeviction")
        finally:
            await redis.config_set("maxmemory-policy", "noeviction")


async def test_state_of_a_newer_version_ends_the_start_and_stays(redis_url: str) -> None:
    async with redis_client.Redis.from_url(redis_url) as redis:
        await redis.flushall()
        await redis.hset("qwenedit:layout", "layout", 99)
        try:
            async with running(BOT_TOKEN=TOKEN, REDIS_URL=redis_url) as bot, asyncio.timeout(90):
                assert await bot.wait() == 2
                await bot.wait_for_line("a newer version, with layout 99.*Run the newer version again")
            assert await redis.hgetall("qwenedit:layout") == {b"layout": b"99"}
        finally:
            await redis.flushall()


async def test_layout_of_this_version_and_of_the_one_before_is_taken_and_noted(redis_url: str) -> None:
    async with redis_client.Redis.from_url(redis_url, decode_responses=True) as redis:
        await redis.flushall()
        keys = Keys()
        for noted in (False, True):
            if noted:
                await redis.hset(keys.layout, mapping={"layout": LAYOUT, "readable_from": LAYOUT, "version": "0.1.0"})
            await check_layout(redis, keys)
            await claim_state(redis, keys, bot_id=42)
            assert await redis.hget(keys.layout, "layout") == str(LAYOUT)
        with pytest.raises(AnotherBotError, match="those of bot 42, and BOT_TOKEN is of bot 43"):
            await claim_state(redis, keys, bot_id=43)
        await redis.flushall()


async def test_full_redis_lets_a_bot_start_and_refuses_another_ones(redis_url: str) -> None:
    async with redis_client.Redis.from_url(redis_url, decode_responses=True) as redis:
        await redis.flushall()
        keys, other = Keys(), Keys("studio")
        await claim_state(redis, keys, bot_id=42)
        await redis.config_set("maxmemory", 1)
        try:
            await claim_state(redis, keys, bot_id=42)
            await claim_state(redis, other, bot_id=42)
            with pytest.raises(AnotherBotError):
                await claim_state(redis, keys, bot_id=43)
            assert not await redis.exists(other.layout)
        finally:
            await redis.config_set("maxmemory", 0)
            await redis.flushall()


@pytest.mark.parametrize(
    ("url", "said"), [("file:///nowhere", "it cannot be used: "), ("s3://there-is-none", "put failed: ")]
)
async def test_place_of_pictures_that_cannot_be_used_ends_the_start(
    redis_url: str, object_server: ObjectServer, url: str, said: str
) -> None:
    settings = {"BOT_TOKEN": TOKEN, "REDIS_URL": redis_url, "PICTURES_URL": url, **object_server.settings()}
    async with running(**settings) as bot, asyncio.timeout(90):
        assert await bot.wait() == 2
        await bot.wait_for_line(re.escape(f"PICTURES_URL is {url}: {said}"))
        assert not any("Traceback" in line for line in bot.lines)


async def test_store_of_pictures_that_does_not_answer_is_not_waited_for(
    redis_url: str, object_server: ObjectServer
) -> None:
    settings = {"BOT_TOKEN": TOKEN, "REDIS_URL": redis_url, "PICTURES_URL": "s3://pictures"}
    settings |= object_server.settings(port=free_port())
    async with (
        telegram(502, "<html>Bad Gateway</html>") as url,
        running(TELEGRAM_API_URL=url, **settings) as bot,
        asyncio.timeout(90),
    ):
        await bot.wait_for_line("start.pictures_unavailable.*put failed")
        await bot.wait_for_line("start.telegram_unavailable")
        assert await bot.stop() == 0
