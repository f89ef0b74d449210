"""An edit's budget holds whatever answers instead of a ComfyUI: nothing, a byte now and then, or bytes without end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import ComfyUIUnavailable, EditTimeout, WorkflowRejected
from qwenedit_worker.comfyui.protocol import api

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BUDGET = {"/upload/image": 0.5, "/prompt": 0.5, "/history": 0.5, "/view": 2.0}
"""Seconds; the result is asked for only after an execution."""
BUSY = (1, 4, 16)
"""Times the budget, on a machine that is too busy to come to the spoiled route in less."""
CLEAN_UP = 0.1
MARGIN = 8.0
"""Seconds for a busy machine; the shortest limit of a single request is longer."""
CHUNK = bytes(2**16)
LIMIT = 2**20
"""Bytes that a reply may have here."""
BUFFERED = 8 * 2**20
"""Bytes that may be on their way between two sockets."""


@dataclass
class Hostile:
    """Stands before a ComfyUI, without its websocket, and answers one route in a way of its own."""

    target: str
    route: str = ""
    way: str = ""
    """Of answering the route; `says` answers with the body."""
    body: bytes = b""
    frames: tuple[str, ...] = ()
    """Sent over each websocket, again and again; without, there is none."""
    url: str = ""
    spoiled: int = 0
    most_sent: int = 0
    flooded: int = 0
    prompt_id: str = ""
    """Of the newest prompt."""
    paths: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.paths.append(request.path)
        if request.path == "/prompt":
            self.prompt_id = (await request.json())["prompt_id"]
        if self.route and request.path.startswith(self.route):
            return await self._spoil(request)
        if request.path == "/ws":
            return await self._flood(request) if self.frames else web.Response(status=404)
        headers = {key: value for key, value in request.headers.items() if key.lower() != "host"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                request.method, f"{self.target}{request.path_qs}", headers=headers, data=await request.read()
            ) as reply,
        ):
            return web.Response(body=await reply.read(), status=reply.status, content_type=reply.content_type)

    async def _spoil(self, request: web.Request) -> web.StreamResponse:
        self.spoiled += 1
        self.asked.set()
        if self.way == "says":
            return web.Response(body=self.body, content_type="application/json")
        if self.way == "redirects":
            raise web.HTTPFound("/elsewhere")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if self.way == "never answers":
            await asyncio.sleep(60)
        await response.prepare(request)
        sent = 0
        while True:
            chunk = CHUNK if self.way == "answers without end" else b" "
            await response.write(chunk)
            sent += len(chunk)
            self.most_sent = max(self.most_sent, sent)
            await asyncio.sleep(0.05 if self.way == "trickles" else 0)

    async def _flood(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        with contextlib.suppress(ConnectionError):
            while not socket.closed:
                for frame in self.frames:
                    await socket.send_str(frame.replace("{prompt_id}", self.prompt_id))
                    self.flooded += 1
                await asyncio.sleep(0.001)
        return socket


@contextlib.asynccontextmanager
async def standing_before(target: str) -> AsyncIterator[Hostile]:
    hostile = Hostile(target)
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", hostile.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hostile.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield hostile
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("route", BUDGET)
@pytest.mark.parametrize("way", ["never answers", "trickles", "answers without end"])
async def test_budget_holds_and_the_next_edit_succeeds(server, client_of, invert, monkeypatch, route, way) -> None:
    monkeypatch.setattr(timeouts, "CLEAN_UP", CLEAN_UP)
    monkeypatch.setattr(api, "MAX_PICTURE", LIMIT)
    async with standing_before(server.url) as hostile, client_of(hostile.url) as worker:
        hostile.route, hostile.way = route, way
        for budget in (BUDGET[route] * busy for busy in BUSY):
            began = time.monotonic()
            with pytest.raises((EditTimeout, ComfyUIUnavailable, WorkflowRejected)):
                await worker.edit(worker.request(invert), within=budget)
            assert time.monotonic() - began < budget + CLEAN_UP + MARGIN
            if hostile.spoiled:
                break
        assert hostile.spoiled

        hostile.route = ""
        assert (await worker.edit(worker.request(invert))).png
    if route == "/view":
        assert hostile.most_sent < LIMIT + BUFFERED
