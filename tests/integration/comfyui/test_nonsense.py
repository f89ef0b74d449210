"""A server whose replies are JSON of any shape: each call ends in an error of ours, and the next edit succeeds."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web

from qwenedit_worker import timeouts
from qwenedit_worker.comfyui import ComfyUIError, ComfyUIUnavailable, UnexpectedReply
from tests.integration.comfyui.conftest import INVERT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEEP = b"[" * 100_000
ROUTES = ("/upload/image", "/prompt", "/queue", "/history", "/view", "/object_info")
BODIES = {
    "deep": DEEP,
    "huge number": b'{"queue_running": [], "queue_pending": [[1' + b"0" * 400 + b', "a"], [2, "b"]]}',
    "digits": b"1" * 5000,
    "page": b"<html>",
    "text": b'"a"',
    "number": b"1",
    "null": b"null",
    "list": b"[1, [], {}, null]",
    "queue of numbers": b'{"queue_running": [1], "queue_pending": [2]}',
    "job of numbers": b'{"status": "completed", "outputs": {}, "execution_status": {"messages": 7}}',
    "job with a strange file": json.dumps(
        {
            "status": "completed",
            "outputs": {"4": {"images": [{"filename": "a\0b", "subfolder": "../..", "type": "output"}]}},
            "execution_status": {"status_str": "success", "messages": [["execution_start", {"timestamp": 1e999}]]},
        }
    ).encode(),
    "job with half a character": b'{"status": "failed", "outputs": {}, "execution_status": {"messages": '
    b'[["execution_error", {"exception_message": "\\ud800", "node_id": {}}]]}}',
    "errors of numbers": b'{"node_errors": {"1": {"errors": [1]}}, "error": 3}',
    "node of numbers": b'{"LoadImage": {"input": 3}, "ImageScale": {"input": {"required": 3}}}',
}


@dataclass
class Hostile:
    """Stands before a ComfyUI, without its websocket, and answers one route in a way of its own."""

    target: str
    route: str = ""
    way: str = "says"
    """Of answering the route: it `says` the body, `redirects`, or goes on `without end`."""
    body: bytes = b""
    frames: tuple[str, ...] = ()
    """Sent over each websocket, again and again; without, there is none."""
    url: str = ""
    spoiled: int = 0
    flooded: int = 0
    prompt_id: str = ""
    """Of the newest prompt."""
    paths: list[str] = field(default_factory=list)

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
        if self.way == "says":
            return web.Response(body=self.body, content_type="application/json")
        if self.way == "redirects":
            raise web.HTTPFound("/elsewhere")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while True:
            await response.write(b"[" * 2**16)

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


@pytest.fixture(autouse=True)
def impatience(monkeypatch) -> None:
    monkeypatch.setattr(timeouts, "SILENT_SERVER", 0.05)
    monkeypatch.setattr(timeouts, "POLL_BESIDE_WEBSOCKET", 0.1)
    monkeypatch.setattr(timeouts, "PROMPT_ARRIVAL", 0.05)
    monkeypatch.setattr(timeouts, "FETCH_PAUSES", (0.01,) * 4)
    monkeypatch.setattr(timeouts, "CLEAN_UP", 0.05)
    monkeypatch.setattr(timeouts, "WEBSOCKET_CLOSE", 0.1)


@pytest.mark.parametrize("body", BODIES)
async def test_nonsense_at_any_route_ends_in_an_error_of_ours(server, client_of, body) -> None:
    async with standing_before(server.url) as hostile, client_of(hostile.url) as worker:
        hostile.body = BODIES[body]
        for route in ROUTES:
            hostile.route = route
            for call in (lambda: worker.edit(worker.request(INVERT)), worker.comfyui.check):
                with contextlib.suppress(ComfyUIError):
                    await call()
            await worker.comfyui.verdict()
        hostile.route = ""
        assert (await worker.edit(worker.request(INVERT))).png


async def test_system_stats_of_any_size_are_cut_to_what_can_be_shown(server, client_of) -> None:
    device = {"name": "\ud800" * 1000, "vram_total": 10**400, "vram_free": -1}
    async with standing_before(server.url) as hostile, client_of(hostile.url) as worker:
        hostile.route = "/system_stats"
        hostile.body = json.dumps({"system": {"comfyui_version": "\ud800"}, "devices": [device]}).encode()
        stats = await worker.comfyui.system_stats()

    assert (stats.version, stats.device) == ("?", "?" * 200)
    assert (stats.vram_total, stats.vram_free) == (2**53, 0)


@pytest.mark.parametrize("route", ["/prompt", "/view", "/ws", "/history"])
async def test_redirect_is_not_followed(server, client_of, route) -> None:
    async with standing_before(server.url) as hostile, client_of(hostile.url) as worker:
        hostile.route, hostile.way = route, "redirects"
        try:
            await worker.edit(worker.request(INVERT))
        except ComfyUIUnavailable:
            assert route in {"/prompt", "/view", "/history"}
        assert hostile.spoiled
        assert "/elsewhere" not in hostile.paths


FRAMES = (
    "[" * 100_000,
    "1" * 5000,
    json.dumps({"type": "progress", "data": {"prompt_id": "{prompt_id}", "node": "1", "value": 1e999, "max": 1e999}}),
    json.dumps(
        {"type": "progress", "data": {"prompt_id": "{prompt_id}", "node": "1", "value": float("nan"), "max": 4}}
    ),
    json.dumps({"type": "progress", "data": {"prompt_id": "{prompt_id}", "node": "1", "value": 1, "max": 10**300}}),
    json.dumps({"type": "executed", "data": {"prompt_id": "{prompt_id}", "node": 3, "output": 1}}),
    json.dumps({"type": "executing", "data": {"prompt_id": "{prompt_id}", "node": {"a": []}}}),
    json.dumps({"type": "status", "data": 1}),
)


async def test_nonsense_over_the_websocket_harms_no_edit(server, client_of) -> None:
    async with standing_before(server.url) as hostile, client_of(hostile.url) as worker:
        hostile.frames = FRAMES
        assert (await worker.edit()).png
        assert hostile.flooded
        assert all(progress.steps <= 10_000 for progress in worker.progress)
        assert (await worker.edit()).png


async def test_reply_without_end_is_cut_off(server, client_of) -> None:
    async with standing_before(server.url) as hostile, client_of(hostile.url) as worker:
        hostile.route, hostile.way = "/upload/image", "goes on without end"
        with pytest.raises(UnexpectedReply, match="larger than 4194304 bytes"):
            await worker.edit(worker.request(INVERT))
