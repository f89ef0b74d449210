"""The floor: LPUSH and a blocking BRPOP on a bare connection. A job that was popped is known to nobody else."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

from redis.asyncio import Redis

from benchmarks.peers.queues.driver import REDIS_URL, main, work_async

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from benchmarks.peers.queues.driver import Enqueue

KEY = "floor"


@asynccontextmanager
async def producer() -> AsyncIterator[Enqueue]:
    """Open the list."""
    async with Redis.from_url(REDIS_URL) as redis:
        yield lambda job, seconds: redis.lpush(KEY, f"{job} {seconds}")


async def consume() -> None:
    """Take and do, for ever."""
    redis = Redis.from_url(REDIS_URL, socket_timeout=None)
    while True:
        _key, item = await cast("Awaitable[list[bytes]]", redis.brpop([KEY]))
        job, seconds = item.split()
        await work_async(int(job), float(seconds))


if __name__ == "__main__":
    main(producer, lambda: asyncio.run(consume()))
