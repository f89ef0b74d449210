"""Redis as operators run it: servers of a test's own, set up as theirs are.

The server is the one that `local_stack` finds; put another version first on PATH to run these tests against it.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from local_stack import bare_environment
from local_stack.processes.part import Part
from local_stack.processes.ports import HOST, free_port
from local_stack.processes.ready import by_redis_ping
from local_stack.redis_server import redis_program
from qwenedit_jobs import Edit, Job, Keys, QueueLimits, RedisSettings, connect
from qwenedit_testkit.job_queue import JobQueue
from qwenedit_testkit.system import ended

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

KEYS = Keys()
MANY = QueueLimits(max_unfinished_per_user=1000, retry_delays=(0.1,))


def job(number: int = 1) -> Job:
    return Job(
        id=f"{number:016x}", user_id=1, edit=Edit(prompt="make it snow", pictures=("a:in:0",), seed=1), reply=None
    )


class Server(Part):
    """A server with arguments of the test's choice, on a port of its own."""

    def __init__(self, folder: Path, *arguments: str, name: str = "redis", port: int = 0, **ready: Any) -> None:
        self.port = port or free_port()
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(
            name,
            (redis_program(), *arguments, "--bind", HOST, "--dir", str(folder)),
            env=bare_environment(),
            ready=ready.get("ready", by_redis_ping(HOST, self.port)),
        )


@pytest.fixture
async def running() -> AsyncIterator[Callable[[Part], Any]]:
    """Start parts; they are killed after the test."""
    async with AsyncExitStack() as parts:

        async def start(part: Part) -> Any:
            parts.push_async_callback(ended, [part])
            await part.start()
            return part

        yield start


@pytest.fixture
async def clients() -> AsyncIterator[Callable[..., Any]]:
    """Make clients as the services do; they are closed after the test."""
    async with AsyncExitStack() as opened:

        async def client(*, waits: bool = False, decode: bool = True, **settings: Any) -> Any:
            return await opened.enter_async_context(connect(RedisSettings(**settings), waits=waits, decode=decode))

        yield client


@pytest.fixture
async def redis(redis_url: str, clients: Any) -> Any:
    return await clients(redis_url=redis_url, waits=True)


@pytest.fixture
def queue(redis: Any) -> JobQueue:
    return JobQueue(redis, KEYS)
