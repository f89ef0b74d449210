"""Starts processes again when they end, as a kubelet does with containers."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_stack import PartError
from qwenedit_testkit.system import START_TIMEOUT
from qwenedit_testkit.waiting import cancelled

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_stack import Part

LINES_KEPT = 20
"""Last lines that are kept of a process that has ended."""


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended."""

    name: str
    code: int
    lines: tuple[str, ...]

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL

    def __str__(self) -> str:
        return f"{self.name} ended with {self.code}:\n" + "\n".join(self.lines)


class Kubelet:
    """Keeps processes running.

    Args:
        again_after: Seconds from a process' end to its next start; a real kubelet takes longer each time.
        came_up: Called with a process that was started again, and the seconds that it took to become ready.

    Attributes:
        ends: Of all processes, in their order.
    """

    def __init__(self, *, again_after: float, came_up: Callable[[Part, float], None] | None = None) -> None:
        self.ends: list[End] = []
        self._again_after = again_after
        self._came_up = came_up
        self._up: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def keep(self, *parts: Part) -> None:
        """Start processes again whenever they end; they run and are ready."""
        for part in parts:
            self._up[part.name] = asyncio.Event()
            self._up[part.name].set()
            self._tasks.append(asyncio.create_task(self._keep(part), name=f"keep {part.name} up"))

    async def leave(self) -> None:
        """Start none of them again."""
        await cancelled(*self._tasks)
        self._tasks.clear()

    async def until_up(self, part: Part) -> None:
        """Wait until a process is there and has been ready since it was last started."""
        await self._up[part.name].wait()

    async def kill(self, part: Part) -> None:
        """Kill a process; it is not up when this returns, and comes up again."""
        await part.kill()
        self._up[part.name].clear()

    async def _keep(self, part: Part) -> None:
        while True:
            coming = asyncio.create_task(self._until_ready(part))
            try:
                code = await part.wait()
            finally:
                coming.cancel()
            self._up[part.name].clear()
            self.ends.append(End(part.name, code, tuple(part.lines[-LINES_KEPT:])))
            await asyncio.sleep(self._again_after)
            await part.launch()

    async def _until_ready(self, part: Part) -> None:
        began, up = time.monotonic(), self._up[part.name]
        while not up.is_set():
            with suppress(PartError):
                await part.wait_ready(timeout=START_TIMEOUT)
                up.set()
                if self._came_up is not None:
                    self._came_up(part, time.monotonic() - began)
