"""Files over HTTP: `POST /upload/image` and `GET /view`."""

from __future__ import annotations

import asyncio
import errno
import mimetypes
from typing import TYPE_CHECKING

from aiohttp import web

from comfyui_simulator.common.errors import ForbiddenPathError
from comfyui_simulator.common.faults import FaultName

if TYPE_CHECKING:
    from pathlib import Path

    from comfyui_simulator.server.simulator import Simulator

HANG_SECONDS = 60.0
"""Of a transfer that hangs, unless told otherwise."""


async def upload(simulator: Simulator, request: web.Request) -> web.Response:
    """Store the file of a form's `image` field.

    Raises:
        HTTPRequestEntityTooLarge: The body is over the limit.
        OSError: The disk is full; becomes a 500, as on the real server.
        KeyError: An unknown type; likewise.
    """
    form = await request.post()
    if simulator.faults.take(FaultName.TOO_LARGE):
        raise web.HTTPRequestEntityTooLarge(simulator.config.max_upload_bytes, simulator.config.max_upload_bytes + 1)
    image = form.get("image")
    if not isinstance(image, web.FileField) or not image.filename:
        return web.Response(status=400)
    if simulator.faults.take(FaultName.DISK_FULL, path="/upload/image"):
        raise OSError(errno.ENOSPC, "No space left on device")
    kind, subfolder = str(form.get("type", "input")), str(form.get("subfolder", ""))
    try:
        name = simulator.files.upload(
            kind=kind,
            subfolder=subfolder,
            name=image.filename,
            content=image.file.read(),
            overwrite=form.get("overwrite") in {"true", "1"},
        )
    except ForbiddenPathError:
        return web.Response(status=400)
    return web.json_response({"name": name, "subfolder": subfolder, "type": kind})


async def view(simulator: Simulator, request: web.Request) -> web.StreamResponse:
    """Send a file by filename, subfolder and type (`output` if not given)."""
    name, subfolder = request.query.get("filename", ""), request.query.get("subfolder", "")
    if not name:
        return web.Response(status=404)
    if name.startswith("/") or ".." in name:
        return web.Response(status=400)
    try:
        path = simulator.files.locate(request.query.get("type", "output"), subfolder, name)
    except KeyError:
        return web.Response(status=400)
    except ForbiddenPathError:
        return web.Response(status=403)
    if not path.is_file():
        return web.Response(status=404)
    return await _send(simulator, request, path)


async def _send(simulator: Simulator, request: web.Request, path: Path) -> web.StreamResponse:
    content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    headers = {"Content-Type": content_type, "Content-Disposition": f'filename="{path.name}"'}
    if simulator.faults.take(FaultName.CUT_PICTURE):
        return await _send_half(request, path, headers, silence=0.0)
    if fault := simulator.faults.take(FaultName.HANG_PICTURE):
        return await _send_half(
            request, path, headers, silence=HANG_SECONDS if fault.seconds is None else fault.seconds
        )
    return web.FileResponse(path, headers=headers)


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
