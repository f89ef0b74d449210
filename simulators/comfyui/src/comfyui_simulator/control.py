"""`/simulator/...`: arm faults and look inside. Not part of ComfyUI."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from comfyui_simulator.faults import OF_SERVER, parse_fault
from comfyui_simulator.files import KINDS

if TYPE_CHECKING:
    from comfyui_simulator.server import Simulator


class Control:
    """The handlers of the control endpoint."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def all(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/simulator/faults", self._arm),
            web.delete("/simulator/faults", self._clear),
            web.get("/simulator/state", self._state),
        ]

    async def _arm(self, request: web.Request) -> web.StreamResponse:
        try:
            fault = parse_fault(await request.json())
        except (ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        if fault.name in OF_SERVER and fault.at_step is None:
            self._simulator.strike(fault)
        else:
            self._simulator.faults.armed.append(fault)
        return web.json_response({})

    async def _clear(self, _request: web.Request) -> web.StreamResponse:
        self._simulator.faults.clear()
        return web.json_response({})

    async def _state(self, _request: web.Request) -> web.StreamResponse:
        simulator = self._simulator
        return web.json_response(
            {
                "prompts": simulator.log.prompts(),
                "websockets": len(simulator.life.sockets.open),
                "restarts": simulator.restarts,
                "executor_alive": not simulator.life.executor.done(),
                "files": {kind: simulator.files.listing(kind) for kind in KINDS},
                "faults": [{"name": fault.name, "times": fault.times} for fault in simulator.faults.armed],
            }
        )
