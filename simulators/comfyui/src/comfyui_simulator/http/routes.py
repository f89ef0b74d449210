"""ComfyUI's HTTP routes. All answer under `/api` too."""

from __future__ import annotations

import json
import platform
import sys
from typing import TYPE_CHECKING, Any

from aiohttp import web

from comfyui_simulator.common.faults import FaultName
from comfyui_simulator.http import prompts, transfers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from comfyui_simulator.server.simulator import Simulator

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MEMORY_BYTES = 24 * 1024**3
"""What the pretended GPU has."""


class Routes:
    """The handlers, over whichever life the simulator is in."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def register(self, app: web.Application) -> None:
        """Add all routes."""
        for method, path, handler in (
            ("GET", "/ws", self._ws),
            ("POST", "/upload/image", self._upload),
            ("GET", "/view", self._view),
            ("POST", "/prompt", self._prompt),
            ("GET", "/prompt", self._queue_info),
            ("GET", "/queue", self._queue),
            ("POST", "/queue", self._change_queue),
            ("GET", "/history", self._all_history),
            ("POST", "/history", self._change_history),
            ("GET", "/history/{prompt_id}", self._history),
            ("POST", "/interrupt", self._interrupt),
            ("POST", "/free", self._free),
            ("GET", "/system_stats", self._system_stats),
            ("GET", "/object_info", self._all_object_info),
            ("GET", "/object_info/{name}", self._object_info),
        ):
            _add(app, method, path, handler)
            _add(app, method, f"/api{path}", handler)

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        return await self._simulator.life.hub.serve(request)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        return await transfers.upload(self._simulator, request)

    async def _view(self, request: web.Request) -> web.StreamResponse:
        return await transfers.view(self._simulator, request)

    async def _prompt(self, request: web.Request) -> web.StreamResponse:
        return await prompts.accept(self._simulator, await request.json())

    async def _queue_info(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._simulator.life.queue_info())

    async def _queue(self, _request: web.Request) -> web.StreamResponse:
        queue = self._simulator.life.queue
        running = [prompt.as_list() for prompt in queue.running()]
        return web.json_response(
            {"queue_running": running, "queue_pending": [prompt.as_list() for prompt in queue.waiting()]}
        )

    async def _change_queue(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if body.get("clear"):
            self._simulator.life.queue.clear()
        for prompt_id in body.get("delete", ()):
            self._simulator.life.queue.delete(prompt_id)
        return web.Response()

    async def _all_history(self, request: web.Request) -> web.StreamResponse:
        entries = list(self._simulator.life.queue.all_history().items())
        if "max_items" in request.query:
            entries = entries[-int(request.query["max_items"]) :]
        return web.json_response(dict(entries))

    async def _history(self, request: web.Request) -> web.StreamResponse:
        prompt_id = request.match_info["prompt_id"]
        entry = self._simulator.life.queue.history(prompt_id)
        return web.json_response({} if entry is None else {prompt_id: entry})

    async def _change_history(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if body.get("clear"):
            self._simulator.life.queue.forget_all()
        for prompt_id in body.get("delete", ()):
            self._simulator.life.queue.forget(prompt_id)
        return web.Response()

    async def _interrupt(self, request: web.Request) -> web.StreamResponse:
        try:
            body: dict[str, Any] = await request.json()
        except json.JSONDecodeError:
            body = {}
        life = self._simulator.life
        if prompt_id := body.get("prompt_id"):
            life.queue.if_running(prompt_id, self._interrupt_running)
        else:
            self._interrupt_running()
        return web.Response()

    def _interrupt_running(self) -> None:
        if not self._simulator.faults.take(FaultName.LOSE_INTERRUPT):
            self._simulator.life.pace.interrupt()

    async def _free(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self._simulator.life.executor.free(
            unload_models=bool(body.get("unload_models")), free_memory=bool(body.get("free_memory"))
        )
        return web.Response()

    async def _system_stats(self, _request: web.Request) -> web.StreamResponse:
        system = {
            "os": sys.platform,
            "ram_total": MEMORY_BYTES,
            "ram_free": MEMORY_BYTES,
            "comfyui_version": self._simulator.catalog.version,
            "python_version": sys.version,
            "pytorch_version": "none (comfyui-simulator)",
            "embedded_python": False,
            "argv": ["comfyui-simulator", platform.node()],
        }
        device = {
            "name": "simulated",
            "type": "cpu",
            "index": None,
            "vram_total": MEMORY_BYTES,
            "vram_free": MEMORY_BYTES,
            "torch_vram_total": 0,
            "torch_vram_free": 0,
        }
        return web.json_response({"system": system, "devices": [device]})

    async def _all_object_info(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._simulator.catalog.all_info())

    async def _object_info(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        entry = self._simulator.catalog.info(name)
        return web.json_response({} if entry is None else {name: entry})


def _add(app: web.Application, method: str, path: str, handler: Handler) -> None:
    if method == "GET":
        app.router.add_get(path, handler)
    else:
        app.router.add_post(path, handler)
