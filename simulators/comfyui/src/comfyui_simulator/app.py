"""Puts the simulator together: the server, ComfyUI's routes and the control endpoint."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from comfyui_simulator.control import Control
from comfyui_simulator.routes import Routes
from comfyui_simulator.server import Simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from comfyui_simulator.config import Config


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[str]:
    """Serve while the context is open; gives the address."""
    simulator = Simulator(config)
    app = web.Application(client_max_size=config.max_upload_bytes, middlewares=[simulator.faulty])
    app.add_routes([*Routes(simulator).all(), *Control(simulator).all()])
    async with simulator.serving(app):
        yield simulator.url
