"""Files on their way to a bot, on links that may be slow or break."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote

from aiohttp import web

from telegram_simulator.world.faults import FaultKind

if TYPE_CHECKING:
    from telegram_simulator.messages.model import File
    from telegram_simulator.world.faults import Fault

TICK = 0.1
"""Seconds between the pieces of a throttled file."""
_PIECE = 1 << 18


async def send_file(request: web.Request, file: File, fault: Fault | None) -> web.StreamResponse:
    """Send a file, whole or as far as the fault lets it come."""
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=utf-8''{quote(file.path.rpartition('/')[2])}",
    }
    if fault is None or fault.kind is FaultKind.SLOW:
        return web.FileResponse(file.content, headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_length = file.size
    with file.content.open("rb") as content, suppress(ConnectionResetError):  # of a bot that hangs up
        await response.prepare(request)
        if fault.kind is FaultKind.THROTTLE:
            await _trickle(response, content, rate=fault.rate)
            await response.write_eof()
            return response
        left = file.size // 2
        while left > 0:
            await response.write(piece := content.read(min(left, _PIECE)))
            left -= len(piece)
    if request.transport is not None:
        request.transport.close()
    return response


async def _trickle(response: web.StreamResponse, content: BinaryIO, *, rate: int) -> None:
    """Send bytes at so many a second."""
    clock = asyncio.get_running_loop().time
    began, sent = clock(), 0
    while piece := content.read(min(_PIECE, max(1, int(rate * TICK)))):
        await response.write(piece)
        sent += len(piece)
        await asyncio.sleep(max(0.0, began + sent / rate - clock()))
