"""Consumer groups on Redis streams."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import ResponseError

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def ensure_group(redis: Redis, stream: str, group: str) -> None:
    """Create a consumer group, from the stream's beginning; harmless when it exists.

    Raises:
        ResponseError: it does not exist and cannot be made.
    """
    try:
        await redis.xgroup_create(stream, group, id="0", mkstream=True)
    except ResponseError as error:
        # A full Redis refuses to create even what exists.
        if not str(error).startswith("BUSYGROUP") and not await _exists(redis, stream, group):
            raise


async def _exists(redis: Redis, stream: str, group: str) -> bool:
    try:
        groups = await redis.xinfo_groups(stream)
    except ResponseError:  # there is no stream
        return False
    return any(found["name"] == group for found in groups)
