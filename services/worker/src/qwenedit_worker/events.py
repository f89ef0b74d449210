"""Waiting for one thing or another, whichever comes first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


async def unless(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work returns, or raise what it raises; None when the event comes first and cancels it."""
    waiting = asyncio.create_task(event.wait())
    working = asyncio.create_task(work)
    try:
        await asyncio.wait((waiting, working), return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        working.cancel()
        await asyncio.wait((waiting, working))
    return None if working.cancelled() else working.result()


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event at most so many seconds; returns whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return event.is_set()
    return True
