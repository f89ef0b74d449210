"""ComfyUI's own routes, as far as the worker calls them."""

from __future__ import annotations

import asyncio
import errno
import mimetypes
import time
import uuid
from typing import TYPE_CHECKING, Any

from aiohttp import web

from comfyui_simulator.faults import FaultName
from comfyui_simulator.nodes.validation import Validator
from comfyui_simulator.prompts import Prompt

if TYPE_CHECKING:
    from pathlib import Path

    from comfyui_simulator.prompts import Prompts
    from comfyui_simulator.server import Simulator

MEMORY_BYTES = 24 * 1024**3
"""What the pretended GPU has."""
HANG_SECONDS = 60.0
"""Of a transfer that hangs, unless told otherwise."""
NODE_ERRORS_ON_DEMAND = {
    "0": {
        "errors": [
            {
                "type": "required_input_missing",
                "message": "Required input is missing",
                "details": "images",
                "extra_info": {"input_name": "images"},
            }
        ],
        "dependent_outputs": ["0"],
        "class_type": "PreviewImage",
    }
}


class Routes:
    """The handlers, over whichever life the simulator is in."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def all(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/ws", self._ws),
            web.post("/upload/image", self._upload),
            web.get("/view", self._view),
            web.post("/prompt", self._prompt),
            web.get("/queue", self._queue),
            web.post("/queue", self._change_queue),
            web.get("/history", self._all_history),
            web.post("/history", self._change_history),
            web.get("/history/{prompt_id}", self._history),
            web.post("/interrupt", self._interrupt),
            web.post("/free", self._free),
            web.get("/system_stats", self._system_stats),
            web.get("/object_info/{name}", self._object_info),
        ]

    @property
    def _prompts(self) -> Prompts:
        return self._simulator.life.prompts

    async def _ws(self, request: web.Request) -> web.StreamResponse:
        return await self._simulator.life.sockets.serve(request)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """Store the file of a form's `image` field; one that exists is replaced.

        Raises:
            HTTPRequestEntityTooLarge: The body is over the limit.
            OSError: The disk is full; becomes a 500, as on the real server.
        """
        form = await request.post()
        limit = self._simulator.config.max_upload_bytes
        if self._simulator.faults.take(FaultName.TOO_LARGE):
            raise web.HTTPRequestEntityTooLarge(limit, limit + 1)
        if self._simulator.faults.take(FaultName.DISK_FULL):
            raise OSError(errno.ENOSPC, "No space left on device")
        image, subfolder = form.get("image"), str(form.get("subfolder", ""))
        if not isinstance(image, web.FileField):
            return web.Response(status=400)
        path = self._simulator.files.locate("input", subfolder, image.filename)
        if path is None:
            return web.Response(status=400)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image.file.read())
        return web.json_response({"name": image.filename, "subfolder": subfolder, "type": "input"})

    async def _view(self, request: web.Request) -> web.StreamResponse:
        query, faults = request.query, self._simulator.faults
        kind, subfolder, name = query.get("type", "output"), query.get("subfolder", ""), query.get("filename", "")
        path = self._simulator.files.locate(kind, subfolder, name)
        if path is None or not path.is_file():
            return web.Response(status=403 if path is None else 404)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {"Content-Type": kind, "Content-Disposition": f'filename="{name}"'}
        if faults.take(FaultName.CUT_PICTURE):
            return await _send_half(request, path, headers, silence=0.0)
        if fault := faults.take(FaultName.HANG_PICTURE):
            return await _send_half(request, path, headers, silence=fault.lasts(HANG_SECONDS))
        return web.FileResponse(path, headers=headers)

    async def _prompt(self, request: web.Request) -> web.StreamResponse:
        """Validate a prompt and queue it, or say why not."""
        body = await request.json()
        graph, prompt_id = body["prompt"], body.get("prompt_id") or str(uuid.uuid4())
        exists = self._simulator.files.input_path
        verdict = Validator(
            graph, catalog=self._simulator.catalog, picture_exists=lambda name: exists(name) is not None
        ).verdict()
        if verdict.error is not None:
            return web.json_response({"error": verdict.error, "node_errors": verdict.node_errors}, status=400)
        extra_data: dict[str, Any] = {"create_time": int(time.time() * 1000)}
        if "client_id" in body:
            extra_data["client_id"] = body["client_id"]
        prompt = Prompt(prompt_id, self._prompts.accepted, graph, verdict.outputs, extra_data)
        self._simulator.log.note(prompt, "accepted")
        self._prompts.put(prompt)
        node_errors = verdict.node_errors
        if self._simulator.faults.take(FaultName.NODE_ERRORS, about=prompt.about):
            node_errors = node_errors | NODE_ERRORS_ON_DEMAND
        return web.json_response({"prompt_id": prompt_id, "number": prompt.number, "node_errors": node_errors})

    async def _queue(self, _request: web.Request) -> web.StreamResponse:
        prompts = {"queue_running": self._prompts.running, "queue_pending": self._prompts.waiting}
        return web.json_response({name: [prompt.as_list() for prompt in each] for name, each in prompts.items()})

    async def _change_queue(self, request: web.Request) -> web.StreamResponse:
        for prompt_id in (await request.json())["delete"]:
            self._prompts.delete(prompt_id)
        return web.Response()

    async def _all_history(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(self._prompts.history)

    async def _history(self, request: web.Request) -> web.StreamResponse:
        prompt_id = request.match_info["prompt_id"]
        entry = self._prompts.history.get(prompt_id)
        return web.json_response({} if entry is None else {prompt_id: entry})

    async def _change_history(self, request: web.Request) -> web.StreamResponse:
        for prompt_id in (await request.json())["delete"]:
            self._prompts.history.pop(prompt_id, None)
        return web.Response()

    async def _interrupt(self, request: web.Request) -> web.StreamResponse:
        prompt_id = (await request.json())["prompt_id"]
        runs = any(prompt.id == prompt_id for prompt in self._prompts.running)
        if runs and not self._simulator.faults.take(FaultName.LOSE_INTERRUPT):
            self._simulator.life.shared.interrupt.set()
        return web.Response()

    async def _free(self, _request: web.Request) -> web.StreamResponse:
        """Forget models and results; a real server does so between two prompts."""
        self._simulator.life.shared.loaded.clear()
        self._simulator.life.shared.cache.clear()
        return web.Response()

    async def _system_stats(self, _request: web.Request) -> web.StreamResponse:
        device = {"name": "simulated", "type": "cpu", "vram_total": MEMORY_BYTES, "vram_free": MEMORY_BYTES}
        system = {"comfyui_version": self._simulator.catalog.version}
        return web.json_response({"system": system, "devices": [device]})

    async def _object_info(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        entry = self._simulator.catalog.info(name)
        return web.json_response({} if entry is None else {name: entry})


async def _send_half(
    request: web.Request, path: Path, headers: dict[str, str], *, silence: float
) -> web.StreamResponse:
    """Send half of a file, be silent for some seconds, then cut the connection."""
    content = await asyncio.to_thread(path.read_bytes)
    response = web.StreamResponse(headers={**headers, "Content-Length": str(len(content))})
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    await asyncio.sleep(silence)
    if request.transport is not None:
        request.transport.abort()
    return response
