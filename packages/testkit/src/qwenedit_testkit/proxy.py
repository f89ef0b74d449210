"""A TCP proxy that ails in the eight ways of Toxiproxy (https://github.com/Shopify/toxiproxy#toxics)."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from local_stack import HOST
from qwenedit_testkit.waiting import cancelled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHUNK = 1 << 16
LATENCY = 0.15
"""Seconds by which each piece of data is late."""
BANDWIDTH = 100_000
"""Bytes a second of each connection and direction, unless the proxy has another figure."""
CLOSE_LATE = 1.0
"""Seconds by which an end is late."""
RESET_AFTER = 0.2
"""Seconds after which a connection is reset."""
SLICE = 7
"""Bytes of each piece that data is cut into."""
SLICES = 40
"""How many pieces of a piece of data are sent one by one, so that a picture takes less than a minute."""
SLICE_PAUSE = 0.002
"""Seconds between two of them."""
LIMIT = 3_000
"""Bytes after which a connection is closed, in either direction."""
LINGER_NOT = struct.pack("ii", 1, 0)


class Toxic(StrEnum):
    """What is wrong with the connections that are open, and with those that are made meanwhile."""

    LATENCY = "latency"
    DOWN = "down"
    BANDWIDTH = "bandwidth"
    SLOW_CLOSE = "slow_close"
    TIMEOUT = "timeout"
    """What is sent is swallowed, and the connections are closed at the end."""
    RESET_PEER = "reset_peer"
    SLICER = "slicer"
    LIMIT_DATA = "limit_data"


@dataclass(eq=False)
class _Link:
    """A connection through the proxy, by its two ends."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    passed: int = 0
    swallowed: bool = False

    def reset(self) -> None:
        """End it with RST both ways: no side may take it for a proper end."""
        for writer in (self.near, self.far):
            raw = writer.get_extra_info("socket")
            if raw is not None:
                with suppress(OSError):
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            writer.transport.abort()

    def close(self) -> None:
        for writer in (self.near, self.far):
            writer.close()


@dataclass
class Proxy:
    """Passes bytes on between its own port and another one."""

    name: str
    target: int
    """The port."""
    port: int = 0
    toxic: Toxic | None = None
    bandwidth: int = BANDWIDTH
    denied: bytes = b""
    """A connection on which these bytes are asked for is reset; empty denies nothing."""
    denials: int = 0
    """How often that has happened."""
    host: str = HOST
    """Of the target."""
    peak: int = 0
    """The most connections that were open at a time."""
    _links: set[_Link] = field(default_factory=set)
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Proxy]:
        """Listen inside the block."""
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.reset()
            await asyncio.gather(*self._serving)

    async def ail(self, toxic: Toxic, seconds: float) -> None:
        """Have something wrong for a while."""
        self.toxic = toxic
        try:
            if toxic is Toxic.DOWN:
                self.reset()
            if toxic is Toxic.RESET_PEER:
                await asyncio.sleep(min(RESET_AFTER, seconds))
                self.reset()
            await asyncio.sleep(seconds)
        finally:
            self.toxic = None
            for link in self._links:
                link.passed = 0
                if link.swallowed:
                    link.close()

    def reset(self) -> int:
        """Break all connections that are open, and count them."""
        links = tuple(self._links)
        for link in links:
            link.reset()
        return len(links)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("connections are served by tasks")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        try:
            if self.toxic in (Toxic.DOWN, Toxic.RESET_PEER):
                _Link(writer, writer).reset()
                return
            far_reader, far_writer = await asyncio.open_connection(self.host, self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, far_writer)
        self._links.add(link)
        self.peak = max(self.peak, len(self._links))
        try:
            ways = [
                asyncio.create_task(self._pass(link, reader, far_writer)),
                asyncio.create_task(self._pass(link, far_reader, writer)),
            ]
            try:
                await asyncio.wait(ways)
            finally:
                await cancelled(*ways)
        finally:
            self._links.discard(link)
            for end in (link.near, link.far):
                with suppress(AttributeError):  # asyncio's own, of a transport that is closed
                    end.transport.abort()

    async def _pass(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._hand_on(link, data, writer)
            if self.toxic is Toxic.SLOW_CLOSE:
                await asyncio.sleep(CLOSE_LATE)
        # A program that ends one direction of a connection ends the other as well, with us.
        link.close()

    async def _hand_on(self, link: _Link, data: bytes, writer: asyncio.StreamWriter) -> None:
        if self.denied and writer is link.far and self.denied in data:
            self.denials += 1
            link.reset()
            return
        link.swallowed = link.swallowed or self.toxic is Toxic.TIMEOUT
        if link.swallowed:
            return
        match self.toxic:
            case Toxic.LATENCY:
                await asyncio.sleep(LATENCY)
            case Toxic.BANDWIDTH:
                await asyncio.sleep(len(data) / self.bandwidth)
            case Toxic.SLICER:
                data = await _sliced(data, writer)
            case Toxic.LIMIT_DATA:
                data = data[: max(0, LIMIT - link.passed)]
                link.passed += len(data)
            case _:
                pass
        writer.write(data)
        await writer.drain()
        if link.passed >= LIMIT:
            link.close()


async def _sliced(data: bytes, writer: asyncio.StreamWriter) -> bytes:
    """Send the first slices, and return the rest."""
    for _ in range(SLICES):
        writer.write(data[:SLICE])
        await writer.drain()
        await asyncio.sleep(SLICE_PAUSE)
        data = data[SLICE:]
    return data
