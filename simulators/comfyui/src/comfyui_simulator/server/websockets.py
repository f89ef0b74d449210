"""The websockets that are open, and what is sent over them."""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


log = logging.getLogger(__name__)


@dataclass(eq=False)
class Socket:
    """An open websocket."""

    ws: web.WebSocketResponse
    transport: asyncio.Transport | None
    silent: bool = False


class Websockets:
    """Sends events to sockets in the order they were made, from any thread.

    Args:
        queue_info: The `status` of the moment, which a new socket is told.
    """

    def __init__(self, *, queue_info: Callable[[], dict[str, Any]]) -> None:
        self._queue_info = queue_info
        self._loop = asyncio.get_running_loop()
        self._outbox: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()
        self._by_client: dict[str, Socket] = {}
        self._open: set[Socket] = set()
        self._executing: tuple[str, str] | None = None

    @property
    def open_sockets(self) -> int:
        """Sockets that are connected, reachable or not."""
        return len(self._open)

    def send(self, event: str, data: Mapping[str, Any], client_id: str | None) -> None:
        """Send an event to a client, or with None to all."""
        if event == "executing" and client_id is not None:
            self._executing = (client_id, data["node"]) if data["node"] is not None else None
        self._put(json.dumps({"type": event, "data": data}), client_id)

    def tell_status(self) -> None:
        """Tell all how many prompts there are."""
        self.send("status", {"status": self._queue_info()}, None)

    async def publish(self) -> None:
        """Send what is in the outbox, for ever."""
        while True:
            message, client_id = await self._outbox.get()
            if client_id is None:
                sockets = list(self._by_client.values())
            else:
                sockets = [self._by_client[client_id]] if client_id in self._by_client else []
            for socket in sockets:
                await _deliver(socket, message)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """`GET /ws?clientId=`.

        The bookkeeping is the real server's, mistake included. A second socket of the same client replaces the first
        one. When the first at last closes, it removes the entry, which is no longer its own. The second one then stays
        open and is told nothing.
        """
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        client_id = request.query.get("clientId") or uuid.uuid4().hex
        socket = Socket(ws, request.transport)
        self._open.add(socket)
        self._by_client[client_id] = socket
        try:
            await _deliver(
                socket, json.dumps({"type": "status", "data": {"status": self._queue_info(), "sid": client_id}})
            )
            if self._executing is not None and self._executing[0] == client_id:
                await _deliver(socket, json.dumps({"type": "executing", "data": {"node": self._executing[1]}}))
            async for _ in ws:  # whatever a client says
                pass
        finally:
            self._open.discard(socket)
            self._by_client.pop(client_id, None)
        return ws

    def drop_all(self) -> None:
        """Cut every socket's connection without a word."""
        for socket in self._open:
            if socket.transport is not None:
                socket.transport.abort()

    def silence_all(self) -> None:
        """Leave every socket open and never send on it again."""
        for socket in self._open:
            socket.silent = True

    async def close(self) -> None:
        """Say goodbye on every socket."""
        for socket in list(self._open):
            await socket.ws.close()

    def _put(self, message: str, client_id: str | None) -> None:
        self._loop.call_soon_threadsafe(self._outbox.put_nowait, (message, client_id))


async def _deliver(socket: Socket, message: str) -> None:
    if socket.silent:
        return
    try:
        await socket.ws.send_str(message)
    except (ConnectionError, RuntimeError) as error:
        # A socket that is closing is its reader's business; the event is lost, as on the real server.
        log.info("event not delivered: %s", error)
