"""Sends pictures to Redis and reads them in chunks, so that a time-out can tell slow connections from dead ones."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

CHUNK = 512 * 1024
"""Bytes. With the 5 s of `durations.REDIS_REPLY`, 105 kB/s is the slowest connection that works."""


async def put(redis: Redis, key: str, data: bytes, *, ms: int) -> None:
    """Store a picture with a TTL in milliseconds.

    A large one is written in a transaction: if the connection breaks, or two writes of it overlap, either all of it is
    stored or nothing.

    Raises:
        OutOfMemoryError: Redis is at its `maxmemory`.
    """
    if len(data) <= CHUNK:
        await redis.set(key, data, px=ms)
        return
    pipeline = redis.pipeline(transaction=True)
    pipeline.unlink(key)
    # From the end: the first write makes the string as long as it gets, and the others find their place in it.
    for start in reversed(range(0, len(data), CHUNK)):
        pipeline.setrange(key, start, data[start : start + CHUNK])
    pipeline.pexpire(key, ms)
    await pipeline.execute()


async def get(redis: Redis, key: str, *, size: int) -> bytes | None:
    """Return a picture; None if there's none of this size.

    Args:
        redis: A client that does not decode replies.
        key: Where it is.
        size: Its bytes; no more is read.
    """
    pipeline = redis.pipeline(transaction=False)
    picture = io.BytesIO()
    while (here := picture.tell()) < size:
        # Some in one round trip: their replies are in memory together.
        for start in range(here, min(size, here + 4 * CHUNK), CHUNK):
            pipeline.getrange(key, start, start + CHUNK - 1)
        for chunk in await pipeline.execute():
            picture.write(chunk)
        if picture.tell() == here:  # its TTL has run out meanwhile
            return None
    return picture.getvalue() if picture.tell() == size else None
