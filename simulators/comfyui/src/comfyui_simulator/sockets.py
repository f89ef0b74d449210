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

    async def send(self, event: str, data: Mapping[str, Any]) -> None:
        """Send an event, unless the socket is silent or closing."""
        if self.silent:
            return
        try:
            await self.ws.send_str(json.dumps({"type": event, "data": data}))
        except (ConnectionError, RuntimeError) as error:
            log.info("event not delivered: %s", error)  # and lost, as on the real server


class Sockets:
    """Sends events in the order they were made.

    Args:
        status: The `status` of the moment, which a new socket is told.
    """

    def __init__(self, *, status: Callable[[], dict[str, Any]]) -> None:
        self._status = status
        self._outbox: asyncio.Queue[tuple[str, Mapping[str, Any], str | None]] = asyncio.Queue()
        self._by_client: dict[str, Socket] = {}
        self.open: set[Socket] = set()

    def send(self, event: str, data: Mapping[str, Any], client_id: str | None) -> None:
        """Send an event to a client, or with None to all."""
        self._outbox.put_nowait((event, data, client_id))

    def tell_status(self) -> None:
        """Tell all how many prompts there are."""
        self.send("status", {"status": self._status()}, None)

    async def publish(self) -> None:
        """Send what is in the outbox, for ever."""
        while True:
            event, data, client_id = await self._outbox.get()
            for name, socket in list(self._by_client.items()):
                if client_id in (None, name):
                    await socket.send(event, data)

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
        self.open.add(socket)
        self._by_client[client_id] = socket
        try:
            await socket.send("status", {"status": self._status(), "sid": client_id})
            async for _ in ws:  # whatever a client says
                pass
        finally:
            self.open.discard(socket)
            self._by_client.pop(client_id, None)
        return ws

    def drop_all(self) -> None:
        """Cut every socket's connection without a word."""
        for socket in self.open:
            if socket.transport is not None:
                socket.transport.abort()

    def silence_all(self) -> None:
        """Leave every socket open and never send on it again."""
        for socket in self.open:
            socket.silent = True

    async def close(self) -> None:
        """Say goodbye on every socket."""
        for socket in list(self.open):
            await socket.ws.close()
