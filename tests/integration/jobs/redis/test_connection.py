"""A connection that Redis, or something on the way, closes between two commands; on either event loop."""

from __future__ import annotations

import asyncio

import pytest
import uvloop
from redis.exceptions import ConnectionError as RedisConnectionError

from qwenedit_jobs import RedisSettings, connect

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.mark.parametrize("loop", LOOPS)
def test_command_on_a_closed_connection_fails_as_one_that_may_be_sent_again(redis_url, loop):
    async def commands():
        async with connect(RedisSettings(redis_url=redis_url)) as redis:
            connection = await redis.connection_pool.get_connection()
            connection._writer.transport.abort()
            await asyncio.sleep(0)
            with pytest.raises(RedisConnectionError):
                await connection.send_command("SET", "a", "1")
            await connection.send_command("SET", "a", "2")
            await connection.read_response()
            await redis.connection_pool.release(connection)
            return await redis.get("a")

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        assert runner.run(commands()) == "2"
