"""A connection that Redis, or something on the way, closes between two commands; on either event loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvloop

from qwenedit_jobs import RedisSettings, connect

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.mark.parametrize("loop", LOOPS)
def test_command_on_a_closed_connection_is_sent_again_on_a_new_one(redis_url, loop):
    async def commands():
        async with connect(RedisSettings(redis_url=redis_url)) as redis, redis.client() as one:
            await one.set("a", "1")
            connection: Any = one.connection
            connection._writer.transport.abort()
            await asyncio.sleep(0)
            await one.set("a", "2")
            return await one.get("a")

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        assert runner.run(commands()) == "2"
