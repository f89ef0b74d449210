"""A real Redis for every test that wants one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import redis as redis_client

from local_stack import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for the whole run; a test that stops or kills it needs one of its own."""
    server = RedisServer(tmp_path_factory.mktemp("redis"), persistent=False)
    with asyncio.Runner() as runner:
        runner.run(server.start())
        yield server
        runner.run(server.stop())


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """Address of a real Redis with nothing in it."""
    with redis_client.Redis.from_url(redis_server.url) as client:
        client.flushall()
        client.script_flush()
    return redis_server.url
