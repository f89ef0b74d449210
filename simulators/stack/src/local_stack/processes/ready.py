"""Ways to find out that a part is ready. Each returns when it is; the caller sets the time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from local_stack.processes.part import Part

Ready = Callable[["Part"], Coroutine[Any, Any, None]]

PAUSE = 0.05
"""Seconds between two questions to a part that cannot tell by itself."""


def at_once() -> Ready:
    """Count a part as ready when its process exists."""

    async def ready(_part: Part) -> None:
        return

    return ready


def by_line(pattern: str) -> Ready:
    """Wait until the part prints a line in which the pattern is found."""

    async def ready(part: Part) -> None:
        await part.wait_for_line(pattern)

    return ready


def by_http(url: str) -> Ready:
    """Wait until a GET is answered with 200."""

    async def ready(_part: Part) -> None:
        await _until(lambda: answers(url))

    return ready


def by_redis_ping(host: str, port: int, *, password: str = "") -> Ready:
    """Wait until a Redis server has loaded its data and takes commands."""
    # The answer to AUTH says nothing of the data.
    request, replies = (f"AUTH {password}\r\nPING\r\n", 2) if password else ("PING\r\n", 1)

    async def pongs() -> bool:
        return (await _exchange(host, port, request.encode(), lines=replies)).startswith(b"+PONG")

    async def ready(_part: Part) -> None:
        await _until(pongs)

    return ready


async def answers(url: str) -> bool:
    """Whether a GET is answered with 200 now."""
    place = urlsplit(url)
    if place.hostname is None or place.port is None:
        raise ValueError(f"{url!r} names no host and port")
    request = f"GET {place.path or '/'} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n\r\n"
    reply = await _exchange(place.hostname, place.port, request.encode())
    return reply.split(b" ")[1:2] == [b"200"]


async def _until(question: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    while not await question():  # noqa: ASYNC110 - another process' state has no event to wait for
        await asyncio.sleep(PAUSE)


async def _exchange(host: str, port: int, request: bytes, *, lines: int = 1) -> bytes:
    """Send a request and return the reply's line of that number; empty where nobody answers."""
    try:
        reader, writer = await asyncio.open_connection(host, port)
    except OSError:
        return b""
    try:
        writer.write(request)
        for _ in range(lines - 1):
            await reader.readuntil(b"\r\n")
        return await reader.readuntil(b"\r\n")
    except (OSError, asyncio.IncompleteReadError):
        return b""
    finally:
        writer.close()
