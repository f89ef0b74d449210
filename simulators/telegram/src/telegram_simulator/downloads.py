"""Files on their way to a bot, on links that may be slow, stall or break."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from telegram_simulator.faults import FaultKind

if TYPE_CHECKING:
    from telegram_simulator.faults import Fault
    from telegram_simulator.model import File

TICK = 0.1
"""Seconds between the pieces of a throttled file."""


async def send_file(request: web.Request, file: File, fault: Fault | None) -> web.StreamResponse:
    """Send a file, whole or as far as the fault lets it come."""
    kind = None if fault is None else fault.kind
    data = file.data
    headers = {"Content-Disposition": f"attachment; filename*=utf-8''{quote(file.path.rpartition('/')[2])}"}
    if fault is None or kind is FaultKind.SLOW:
        return web.Response(body=data, content_type="application/octet-stream", headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_type = "application/octet-stream"
    response.content_length = len(data)
    await response.prepare(request)
    if kind is FaultKind.THROTTLE:
        await _trickle(response, data, rate=fault.rate)
        return response
    await response.write(data[: len(data) // 2])
    if kind is FaultKind.STALL:
        await asyncio.sleep(fault.seconds)
    if request.transport is not None:
        request.transport.close()
    return response


async def _trickle(response: web.StreamResponse, data: bytes, *, rate: int) -> None:
    """Send bytes at so many a second."""
    began = asyncio.get_running_loop().time()
    sent = 0
    while sent < len(data):
        piece = max(1, int(rate * TICK))
        await response.write(data[sent : sent + piece])
        sent += piece
        pause = began + sent / rate - asyncio.get_running_loop().time()
        if pause > 0 and sent < len(data):
            await asyncio.sleep(pause)
    await response.write_eof()
