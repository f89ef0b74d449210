"""Sends pictures to Redis and reads them in chunks, so that slow connections are told from dead ones by a time-out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.redis.scripts import Command

CHUNK = 128 * 1024
"""Bytes. With the 5 s of `connection.SOCKET_TIMEOUT`, 26 kB/s is the slowest connection that works."""
CHUNKS_AT_ONCE = 16
"""Chunks that are read in one round trip; their replies are in memory together."""


def commands(key: str, data: bytes, *, ms: int) -> list[Command]:
    """Return the commands that keep a picture; the last one's reply tells whether they did, or an earlier refusal.

    A large one is a transaction: where the connection breaks, or what is sent twice meets halfway, nothing of it is
    there or all of it.

    Args:
        key: Where.
        data: The picture.
        ms: Milliseconds until it is forgotten.
    """
    if len(data) <= CHUNK:
        return [("SET", key, data, "PX", ms)]
    starts = range(0, len(data), CHUNK)
    # From the end: the first write makes the string as long as it gets, and the others find their place in it.
    chunks: list[Command] = [("SETRANGE", key, start, data[start : start + CHUNK]) for start in reversed(starts)]
    return [("MULTI",), ("UNLINK", key), *chunks, ("PEXPIRE", key, ms), ("EXEC",)]


async def put(redis: Redis, key: str, data: bytes, *, ms: int) -> None:
    """Keep a picture for so many milliseconds.

    Raises:
        OutOfMemoryError: Redis is at its `maxmemory`.
    """
    pipeline = redis.pipeline(transaction=False)
    for command in commands(key, data, ms=ms):
        pipeline.execute_command(*command)
    for reply in await pipeline.execute(raise_on_error=False):
        if isinstance(reply, Exception):
            raise reply


async def get(redis: Redis, key: str) -> bytes | None:
    """Return a picture, or None where there is none.

    Args:
        redis: A client that does not decode replies.
        key: Where it is.
    """
    pipeline = redis.pipeline(transaction=False)
    pipeline.strlen(key)
    pipeline.getrange(key, 0, CHUNK - 1)
    size, first = cast("tuple[int, bytes]", await pipeline.execute())
    if size <= CHUNK:
        return first or None
    picture = io.BytesIO()
    picture.write(first)
    while (here := picture.tell()) < size:
        for start in range(here, min(size, here + CHUNKS_AT_ONCE * CHUNK), CHUNK):
            pipeline.getrange(key, start, start + CHUNK - 1)
        for chunk in await pipeline.execute():
            picture.write(chunk)
        if picture.tell() == here:  # its TTL has run out meanwhile
            return None
    return picture.getvalue() if picture.tell() == size else None
