"""`/simulator/...`: arm faults and look inside. Not part of ComfyUI."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from aiohttp import web

from comfyui_simulator.common.errors import FaultError
from comfyui_simulator.common.faults import Fault, FaultName, parse_fault

if TYPE_CHECKING:
    from comfyui_simulator.server.simulator import Simulator

AT_ONCE = frozenset(
    {
        FaultName.REFUSE,
        FaultName.RESTART,
        FaultName.DIE,
        FaultName.DROP_SOCKET,
        FaultName.SILENT_SOCKET,
        FaultName.KILL_EXECUTOR,
    }
)
"""Faults of the server as a whole, which without `at_step` are not armed but carried out."""


class Control:
    """The handlers of the control endpoint."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def register(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_post("/simulator/faults", self._arm)
        app.router.add_delete("/simulator/faults", self._clear)
        app.router.add_get("/simulator/state", self._state)

    async def _arm(self, request: web.Request) -> web.StreamResponse:
        try:
            fault = parse_fault(await request.json())
        except FaultError as error:
            return web.json_response({"error": str(error)}, status=400)
        if fault.name in AT_ONCE and fault.at_step is None:
            self._carry_out(fault)
        else:
            self._simulator.faults.arm(fault)
        return web.json_response({"fault": asdict(fault)})

    def _carry_out(self, fault: Fault) -> None:
        if fault.name is FaultName.DIE:
            os._exit(fault.exit_code)
        elif fault.name is FaultName.KILL_EXECUTOR:
            self._simulator.life.executor.kill()
        else:
            self._simulator.server_fault(fault.name, fault.seconds)

    async def _clear(self, _request: web.Request) -> web.StreamResponse:
        self._simulator.faults.clear()
        return web.json_response({})

    async def _state(self, _request: web.Request) -> web.StreamResponse:
        simulator = self._simulator
        return web.json_response(
            {
                "prompts": simulator.ledger.prompts(),
                "executions": simulator.ledger.executions(),
                "websockets": simulator.life.hub.open_sockets,
                "connections": simulator.connections,
                "peak_connections": simulator.peak_connections,
                "restarts": simulator.restarts,
                "executor_alive": simulator.life.executor.is_alive(),
                "files": {kind: list(simulator.files.listing(kind)) for kind in ("input", "output", "temp")},
                "faults": simulator.faults.snapshot(),
            }
        )
