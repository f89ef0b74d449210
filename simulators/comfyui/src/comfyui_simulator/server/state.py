"""The state of one run of the server: all that a restart forgets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from comfyui_simulator.execution.cache import Cache
from comfyui_simulator.execution.executor import Executor
from comfyui_simulator.execution.prompt_run import RunContext
from comfyui_simulator.execution.queue import PromptQueue
from comfyui_simulator.execution.stop_signals import StopSignals
from comfyui_simulator.server.websockets import Websockets

if TYPE_CHECKING:
    from collections.abc import Callable

    from comfyui_simulator.common.config import Config
    from comfyui_simulator.common.faults import FaultName, Faults
    from comfyui_simulator.common.files import Files
    from comfyui_simulator.execution.prompt_log import PromptLog


class ServerState:
    """Queue, history, cache, sockets and the executor between a start and a stop."""

    def __init__(  # the parts that outlive it
        self,
        *,
        config: Config,
        files: Files,
        faults: Faults,
        ledger: PromptLog,
        server_fault: Callable[[FaultName, float | None], None],
    ) -> None:
        self.hub = Websockets(queue_info=self.queue_info)
        self.queue = PromptQueue(self.hub.tell_status)
        self.pace = StopSignals()
        shop = RunContext(
            config=config,
            files=files,
            faults=faults,
            pace=self.pace,
            cache=Cache(),
            wire=self.hub,
            loaded=set(),
            server_fault=server_fault,
        )
        self.executor = Executor(self.queue, shop, ledger)
        self.executor.start()
        self._publishing = asyncio.create_task(self.hub.publish())
        self._next_number = 0

    async def stop_publishing(self) -> None:
        """Send no more events."""
        self._publishing.cancel()
        await asyncio.gather(self._publishing, return_exceptions=True)

    def queue_info(self) -> dict[str, Any]:
        """The content of a `status` event."""
        return {"exec_info": {"queue_remaining": self.queue.remaining()}}

    def take_number(self) -> int:
        """The place in the line of the next prompt."""
        number, self._next_number = self._next_number, self._next_number + 1
        return number
