"""aiohttp's server with the two bounds that it lacks: how many connections are open, and for how long.

A connection carries one request. A stranger may hold one for some seconds, with a few kilobytes of memory, until the
next ones take its place.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Self, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

if TYPE_CHECKING:
    from types import TracebackType

LONGEST_LINE = 4096
"""Bytes of the request line, and of each header."""
MOST_HEADERS = 64
EVERY_ADDRESS = "::"
"""Host that includes IPv4; to asyncio it's only every IPv6 address."""
LIFETIME = 30.0
"""Seconds from a connection's begin until its answer must have been read."""


class HttpServer:
    """Serves an application on one port. An async context manager: it listens inside the block.

    Bodies are handed on as they come, never decompressed. A request that isn't HTTP gets 400 and no log line.

    Args:
        app: The application. Every answer of it ends its connection.
        host: Address to listen on; `::` is every address of both families.
        port: Port; 0 takes a free one, which `port` then tells.
        connections: Open ones at most. One more ends the oldest.
        shutdown: Seconds for unfinished requests when the block ends.
        lifetime: Seconds; see `LIFETIME`.
    """

    def __init__(
        self,
        app: web.Application,
        *,
        host: str,
        port: int,
        connections: int,
        shutdown: float,
        lifetime: float = LIFETIME,
    ) -> None:
        app.on_response_prepare.append(_end_connection)
        logger = logging.getLogger("aiohttp.server")
        logger.addFilter(_is_defect)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=shutdown,
            auto_decompress=False,
            lingering_time=0.0,  # a body that nobody wants is not read
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            max_headers=MOST_HEADERS,
            logger=logger,
        )
        self.host = host
        self._port = port
        self._most = connections
        self._lifetime = lifetime
        self._ends: dict[asyncio.Transport, asyncio.TimerHandle] = {}
        """When each connection is ended, the oldest first."""
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            OSError: the port is taken, or the address is not this machine's.
        """
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        host = None if self.host == EVERY_ADDRESS else self.host
        try:
            self._listener = await loop.create_server(lambda: _Gate(self), host, self._port, backlog=1024)
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Stop listening, and finish the open requests."""
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()
        for end in self._ends.values():
            end.cancel()

    def admit(self, connection: asyncio.Transport) -> None:
        """Hand a new connection to aiohttp, and make room for it."""
        http = cast("web.Server", self._runner.server)()
        connection.set_protocol(http)
        http.connection_made(connection)
        for closed in [each for each in self._ends if each.is_closing()]:
            self._ends.pop(closed).cancel()
        if len(self._ends) >= self._most:
            oldest = next(iter(self._ends))
            self._ends.pop(oldest).cancel()
            oldest.abort()
        self._ends[connection] = asyncio.get_running_loop().call_later(self._lifetime, connection.abort)


class _Gate(asyncio.Protocol):
    """Speaks for a new connection until it is admitted."""

    def __init__(self, server: HttpServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.admit(cast("asyncio.Transport", transport))


def _is_defect(record: logging.LogRecord) -> bool:
    """Whether a line of aiohttp's is about our code; strangers' bytes that aren't HTTP would fill the log."""
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


async def _end_connection(_request: web.Request, response: web.StreamResponse) -> None:
    response.force_close()
    response.headers["Connection"] = "close"  # by now aiohttp has written its own headers
