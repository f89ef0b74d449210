"""What was deleted is gone from Redis' disk as well, and not only from its memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from structlog.testing import capture_logs

from local_stack import RedisServer
from qwenedit_bot.app.parts import Parts
from qwenedit_bot.privacy.disk_erasure import EVERY, DiskErasure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SECRET = b"a photo that its user wants forgotten"


@pytest.fixture
async def persistent(tmp_path: Path) -> AsyncIterator[Redis]:
    """A Redis of the test's own, with its append-only file in the test's folder."""
    server = RedisServer(tmp_path)
    await server.start()
    async with Redis.from_url(server.url, decode_responses=True) as client:
        yield client
    await server.kill()


def on_disk(folder: Path) -> bool:
    return any(SECRET in path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def until_written(redis: Redis) -> None:
    async with asyncio.timeout(60):
        while (await redis.info("persistence"))["aof_rewrite_in_progress"]:
            await asyncio.sleep(0.02)


async def test_deleted_data_is_gone_from_disk_within_an_hour(persistent, tmp_path, bot_keys):
    await persistent.set("qwenedit:picture:a", SECRET)
    await persistent.unlink("qwenedit:picture:a")
    await persistent.config_set("appendfsync", "always")
    await persistent.set("qwenedit:another", 1)
    assert on_disk(tmp_path)
    await DiskErasure(persistent, bot_keys).tick()
    async with asyncio.timeout(60):
        while on_disk(tmp_path):
            await asyncio.sleep(0.05)
    assert await persistent.get("qwenedit:another") == "1"
    assert 0 < await persistent.ttl(bot_keys.erased) <= EVERY


async def test_erasure_is_one_of_the_bots_loops(persistent, bot_keys, founded):
    _seconds, tick = Parts(founded(persistent, bot_keys)).loops()["erasure"]
    rewrites = (await persistent.info("persistence"))["aof_rewrites"]
    await tick()
    await until_written(persistent)
    assert (await persistent.info("persistence"))["aof_rewrites"] == rewrites + 1


async def test_erasure_happens_once_an_hour_for_all_replicas(persistent, bot_keys):
    rewrites = (await persistent.info("persistence"))["aof_rewrites"]
    for erasure in (DiskErasure(persistent, bot_keys), DiskErasure(persistent, bot_keys)):
        await erasure.tick()
        await until_written(persistent)
    assert (await persistent.info("persistence"))["aof_rewrites"] == rewrites + 1


async def test_erasure_that_redis_puts_off_is_asked_for_again(persistent, bot_keys, monkeypatch):
    async def busy():
        raise ResponseError("Background append only file rewriting already in progress")

    erasure = DiskErasure(persistent, bot_keys)
    with monkeypatch.context() as patched:
        patched.setattr(persistent, "bgrewriteaof", busy)
        await erasure.tick()
    rewrites = (await persistent.info("persistence"))["aof_rewrites"]
    await erasure.tick()
    await until_written(persistent)
    assert (await persistent.info("persistence"))["aof_rewrites"] == rewrites + 1


async def test_redis_that_does_not_permit_it_is_told_of_once(persistent, bot_keys):
    await persistent.acl_setuser(
        "other", enabled=True, nopass=True, categories=["+@all"], commands=["-bgrewriteaof"], keys="*"
    )
    client = Redis(
        port=persistent.connection_pool.connection_kwargs["port"], username="other", password="x", decode_responses=True
    )
    async with client:
        erasure = DiskErasure(client, bot_keys)
        with capture_logs() as logs:
            for _ in range(2):
                await erasure.tick()
                await client.delete(bot_keys.erased)
    assert [line["event"] for line in logs] == ["erasure.not_permitted"]
