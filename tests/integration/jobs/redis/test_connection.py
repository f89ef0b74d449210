"""A connection that Redis, or something on the way, closes between two commands; on either event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from redis.exceptions import ConnectionError as RedisConnectionError

from qwenedit_jobs import RedisSettings, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.mark.parametrize("loop", LOOPS)
def test_connection_that_is_always_closed_at_once_is_a_connection_error(loop):
    async def command():
        asyncio.get_running_loop().call_soon(hold_up_loop)
        async with connect(RedisSettings(redis_url=f"redis://127.0.0.1:{port}")) as redis:
            with pytest.raises(RedisConnectionError):
                await redis.get("a")

    with server_that_hangs_up() as port, asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(command())


def hold_up_loop() -> None:
    """Make each round of the event loop so long that a connection is closed between its opening and its first use."""
    time.sleep(0.005)
    asyncio.get_running_loop().call_soon(hold_up_loop)


@contextmanager
def server_that_hangs_up() -> Iterator[int]:
    """Accept connections in a thread, and reset each."""

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _peer = listener.accept()
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()

    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        over.set()
        thread.join()
