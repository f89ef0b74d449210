"""What was deleted is gone from Redis' disk as well, and not only from its memory."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from local_stack import RedisServer
from qwenedit_bot.app.parts import Parts
from qwenedit_testkit.files import files_below

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
    for path in files_below(folder):
        with suppress(FileNotFoundError):  # Redis removes what it has rewritten
            if SECRET in path.read_bytes():
                return True
    return False


async def test_deleted_data_is_gone_from_disk_after_a_rewrite(persistent, tmp_path, bot_keys, founded):
    await persistent.set("qwenedit:picture:a", SECRET)
    await persistent.unlink("qwenedit:picture:a")
    await persistent.config_set("appendfsync", "always")
    await persistent.set("qwenedit:another", 1)
    assert on_disk(tmp_path)
    seconds, rewrite = Parts(founded(persistent, bot_keys)).loops()["erasure"]
    assert seconds == 3600
    await rewrite()
    async with asyncio.timeout(60):
        while on_disk(tmp_path):
            await asyncio.sleep(0.05)
    assert await persistent.get("qwenedit:another") == "1"


async def test_redis_without_an_append_only_file_gets_none(persistent, tmp_path, bot_keys, founded):
    await persistent.config_set("appendonly", "no")
    await Parts(founded(persistent, bot_keys)).loops()["erasure"][1]()
    assert not (await persistent.info("persistence"))["aof_rewrite_in_progress"]
