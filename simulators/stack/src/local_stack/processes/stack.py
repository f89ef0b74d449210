"""Parts that belong together: started in order, stopped in the opposite one."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from local_stack.processes.errors import PartDiedError

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


async def first_death(parts: Sequence[Part]) -> None:
    """Wait until a part ends by itself.

    Raises:
        PartDiedError: always, and for the first one.
    """
    waiting = {asyncio.create_task(part.wait()): part for part in parts}
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    ended = next(iter(done))
    raise PartDiedError(waiting[ended].name, ended.result(), waiting[ended].lines)
