"""A Redis of its own for a run that needs nothing else as a process."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack import RedisServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from redis.asyncio import Redis


@asynccontextmanager
async def redis_server(*, persistent: bool = False, options: Sequence[str] = ()) -> AsyncIterator[RedisServer]:
    """Run a server while the context is open; nothing of it is left.

    Args:
        persistent: Whether it writes an append-only file, as in production.
        options: Of `redis-server`.
    """
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder), persistent=persistent, options=options)
        await server.start()
        try:
            yield server
        finally:
            await server.stop()


async def settled_memory(redis: Redis) -> int:
    """Return the bytes that Redis uses, once it has freed what was deleted before."""
    used = -1
    while used != (now := (await redis.info("memory"))["used_memory_dataset"]):
        used = now
        await asyncio.sleep(0.05)
    return int((await redis.info("memory"))["used_memory"])
