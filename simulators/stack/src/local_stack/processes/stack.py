"""Parts that belong together: started in order, stopped in the opposite one."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from local_stack.processes.part import Part


@asynccontextmanager
async def running(parts: Sequence[Part]) -> AsyncIterator[None]:
    """Start the parts, each when the one before it is ready; stop those that run at the end, last one first.

    Raises:
        PartError: one did not start; those before it have been stopped.
    """
    started: list[Part] = []
    try:
        for part in parts:
            started.append(part)
            await part.start()
        yield
    finally:
        for part in reversed(started):
            if part.running:
                await part.stop()
