"""The disk of the chart's Redis is full: all parts say so in Redis' words, and go on by themselves after."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import RedisError

from qwenedit_bot.app.main import BotReadiness
from qwenedit_jobs import Keys, RedisSettings, connect
from qwenedit_jobs.cli import main
from qwenedit_jobs.workers.registry import Presence, Workers
from qwenedit_worker.common.errors import QueueUnavailableError
from qwenedit_worker.redis_link import RedisLink, translate_errors

KEYS = Keys()
WORDS = "MISCONF Errors writing to the AOF file: No space left on device"
GPU = Presence(worker="gpu-1", since=1_000.0, ready=True, draining=False)


@pytest.fixture
async def bot(server):
    url = f"redis://bot@127.0.0.1:{server.port}"
    async with connect(RedisSettings(redis_url=url, redis_password=server.passwords["bot"])) as client:
        yield client


@pytest.fixture
def status(server, monkeypatch, capsys):
    monkeypatch.setenv("REDIS_URL", f"redis://bot@127.0.0.1:{server.port}")
    monkeypatch.setenv("REDIS_PASSWORD", server.passwords["bot"])

    async def ask():
        with pytest.raises(SystemExit):
            await asyncio.to_thread(main, ["status"])
        return "".join(capsys.readouterr())

    return ask


async def until_refused(client):
    async with asyncio.timeout(30):
        while True:
            try:
                await client.set("qwenedit:filler", "x" * 10_000)
            except RedisError:
                return
            await asyncio.sleep(0.05)


async def test_redis_that_cannot_write_to_its_disk_is_reached_and_each_part_has_its_words(server, bot, status):
    async with server.client("admin") as admin:
        await admin.config_set("appendfsync", "everysec")
    await Workers(bot, KEYS).beat(GPU)
    await bot.zadd(KEYS.workers, {"gpu-2": 1})  # silent for long
    server.limit(20_000)
    await until_refused(bot)
    for how in ("alive", "ready"):
        assert await server.probed(how) == (True, f"ResponseError: {WORDS}")
    said = await status()
    assert f"QweneditRedisDiskFull: Redis takes no writes: {WORDS}" in said
    assert "gpu-1" in said
    assert WORDS in (await BotReadiness(bot, KEYS).check()).reason
    link = RedisLink()
    with pytest.raises(QueueUnavailableError):
        await translate_errors(Workers(bot, KEYS), link).beat(GPU)
    assert link.health().reason.startswith(f"Redis doesn't answer: {WORDS}")
    server.limit(-1)
    async with asyncio.timeout(30):
        while not (await BotReadiness(bot, KEYS).check()).reason.startswith("starting"):
            await asyncio.sleep(0.1)
    assert "takes no writes" not in await status()


async def test_redis_waits_for_room_on_its_disk_and_says_so_instead_of_ending_again_and_again(server, bot):
    await bot.set("qwenedit:kept", "1")
    server.limit(20_000)
    await until_refused(bot)
    await server.ended()  # `appendfsync always`: it may not confirm what it can't write
    df = server.folder / "bin" / "df"
    df.parent.mkdir()
    df.write_text("#!/bin/sh\necho /dev/vda 8000000 7999999 ${LEFT:-1} 100% /data\n")
    df.chmod(0o755)
    await server.run()
    async with asyncio.timeout(30):
        while not (server.folder / "full").exists():
            await asyncio.sleep(0.05)
    ready, said = await server.probed("ready")
    assert not ready
    assert said.startswith("No space left on device: ")
    assert await server.probed("alive") == (True, said)
    df.unlink()
    async with asyncio.timeout(30):
        while not (await server.probed("ready"))[0]:
            await asyncio.sleep(0.1)
    assert await bot.get("qwenedit:kept") == "1"
