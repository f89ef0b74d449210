"""Tells one Redis process from another at the same address, by its run id and its replication id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def identity(redis: Redis) -> str:
    """Name the server's process and the history that it writes on; both change when it is replaced.

    Returns:
        Empty where its administrator does not let it be read.
    """
    pipeline = redis.pipeline(transaction=False)
    pipeline.info("server")
    pipeline.info("replication")
    try:
        server, replication = await pipeline.execute()
    except NoPermissionError:
        return ""
    return f"{server.get('run_id', '')} {replication.get('master_replid', '')}"
