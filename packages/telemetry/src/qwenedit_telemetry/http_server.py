"""An HTTP server for few and short requests, with bounds on connections, time and bytes.

A peer that is not trusted yet may hold a connection for some seconds, and a few kilobytes of memory, and no more. So
one connection carries one request, and the number of open ones is bounded. Beyond that number a new connection
replaces the one that has waited longest for its request to arrive.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Self, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

LONGEST_LINE = 4096
"""Bytes of the request line, and of each header."""
MOST_HEADERS = 64
ARRIVAL = 10.0
"""Seconds from a connection's begin until its request must have arrived."""
ANSWER = 30.0
"""Seconds that the answer to a request may take once it has arrived, its way to a slow reader included."""


class HttpServer:
    """Serves an application on one port. An async context manager: it listens inside the block.

    Bodies are handed on as they come, never decompressed. What is no HTTP is answered 400 and is no log line.

    Args:
        app: The application. Every answer of it ends its connection.
        host: Address to listen on.
        port: Port; 0 takes a free one, which `port` then tells.
        connections: Open ones at most. Beyond it the oldest whose request has not arrived is closed, or the new one
            where all have arrived.
        shutdown: Seconds for requests in hand when the block ends.
        arrival: Seconds; see `ARRIVAL`.
        on_malformed: Told of each request that is no HTTP.
    """

    def __init__(
        self,
        app: web.Application,
        *,
        host: str,
        port: int,
        connections: int,
        shutdown: float,
        arrival: float = ARRIVAL,
        on_malformed: Callable[[], None] = lambda: None,
    ) -> None:
        app.on_response_prepare.append(_end_connection)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=shutdown,
            auto_decompress=False,
            lingering_time=0.0,  # who sends a body that nobody wants is not listened to for longer
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            max_headers=MOST_HEADERS,
            logger=_ServerLog(logging.getLogger("aiohttp.server"), on_malformed),
        )
        self._host = host
        self._port = port
        self._most = connections
        self._arrival = arrival
        self._arriving: dict[asyncio.BaseTransport, _Connection] = {}
        """The oldest first."""
        self._arrived: dict[asyncio.BaseTransport, _Connection] = {}
        self._listener: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return self._port

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._arriving) + len(self._arrived)

    def arrived(self, request: web.Request) -> None:
        """Say that a request has come whole and is to be answered: its connection makes room for no other now."""
        connection = self._arriving.pop(request.transport, None) if request.transport is not None else None
        if connection is not None:
            self._arrived[connection.transport] = connection
            connection.end_after(ANSWER)

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            OSError: the port is taken, or the address is not this machine's.
        """
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(lambda: _Connection(self), self._host, self._port, backlog=1024)
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        """Stop listening, and finish the requests in hand."""
        if self._listener is not None:
            self._listener.close()
        await self._runner.cleanup()

    def handler(self) -> asyncio.Protocol:
        """Make what speaks HTTP on a new connection."""
        server = self._runner.server
        if server is None:
            raise RuntimeError("use HttpServer in an `async with`")
        return server()

    def admit(self, connection: _Connection) -> bool:
        """Give a new connection a place, if need be another one's; False where there is none."""
        if self.open >= self._most:
            oldest = next(iter(self._arriving.values()), None)
            if oldest is None:
                return False
            self.release(oldest)
            oldest.abort()
        self._arriving[connection.transport] = connection
        connection.end_after(self._arrival)
        return True

    def release(self, connection: _Connection) -> None:
        """Take back a connection's place; harmless where it has none."""
        self._arriving.pop(connection.transport, None)
        self._arrived.pop(connection.transport, None)


class _Connection(asyncio.Protocol):
    """Stands between a socket and what speaks HTTP on it: `aiohttp` itself bounds neither number nor time."""

    transport: asyncio.Transport

    def __init__(self, server: HttpServer) -> None:
        self._server = server
        self._http: asyncio.Protocol | None = None
        self._end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        if not self._server.admit(self):
            self.abort()
            return
        self._http = self._server.handler()
        self._http.connection_made(transport)

    def end_after(self, seconds: float) -> None:
        """Close the connection in so many seconds, whatever it is doing then."""
        if self._end is not None:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(seconds, self.abort)

    def abort(self) -> None:
        """Close the connection now."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._http is not None:
            self._http.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._http is None else self._http.eof_received()

    def pause_writing(self) -> None:
        if self._http is not None:
            self._http.pause_writing()

    def resume_writing(self) -> None:
        if self._http is not None:
            self._http.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._end.cancel()
        self._server.release(self)
        if self._http is not None:
            self._http.connection_lost(exc)
            self._http = None


class _ServerLog(logging.LoggerAdapter[logging.Logger]):
    """What `aiohttp` logs of its own: defects, and no traceback for bytes that are not HTTP."""

    def __init__(self, logger: logging.Logger, on_malformed: Callable[[], None]) -> None:
        super().__init__(logger)
        self._on_malformed = on_malformed

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        if isinstance(kwargs.get("exc_info"), HttpProcessingError):
            self._on_malformed()
            return
        super().log(level, msg, *args, **kwargs)


async def _end_connection(_request: web.Request, response: web.StreamResponse) -> None:
    response.force_close()
    response.headers["Connection"] = "close"  # by now aiohttp has written its own headers
