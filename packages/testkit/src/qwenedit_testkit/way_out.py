"""A proxy that is the only way to names which no name server knows. It takes CONNECT, and speaks TLS in their place."""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwenedit_testkit.waiting import cancelled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import trustme

HOST = "127.0.0.1"
REFUSED = b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"


@dataclass
class WayOut:
    """The proxy.

    Args:
        names: Each name, with the port on this machine where it is served without TLS.
        authority: Issues the names' certificates.
        login: `user:password`, without which it answers 407.
    """

    names: Mapping[str, int]
    authority: trustme.CA
    login: str = ""
    asked: list[str] = field(default_factory=list)
    """The names that it was asked for."""
    url: str = ""
    """With the login."""
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[WayOut]:
        """Listen inside the block."""
        server = await asyncio.start_server(self._serve, HOST, 0)
        at = f"{self.login}@" if self.login else ""
        self.url = f"http://{at}{HOST}:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            await cancelled(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("connections are served by tasks")
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        with suppress(OSError, EOFError, asyncio.CancelledError):
            head = await reader.readuntil(b"\r\n\r\n")
            name = head.split()[1].decode().rpartition(":")[0]
            self.asked.append(name)
            if base64.b64encode(self.login.encode()) not in head:
                writer.write(REFUSED)
                await writer.drain()
            else:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await writer.drain()
                await self._speak(name, reader, writer)
        writer.transport.abort()

    async def _speak(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(name).configure_cert(tls)
        await writer.start_tls(tls)
        far_reader, far_writer = await asyncio.open_connection(HOST, self.names[name])
        ways = [asyncio.create_task(_pass(reader, far_writer)), asyncio.create_task(_pass(far_reader, writer))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            far_writer.transport.abort()  # first: the next line may be cancelled
            await cancelled(*ways)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
