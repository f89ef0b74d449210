"""Lets many tasks wait for a change of state."""

from __future__ import annotations

import asyncio


class ChangeSignal:
    """Counts changes, and wakes all tasks that wait for the next one. Not for several threads."""

    def __init__(self) -> None:
        self._count = 0
        self._next = asyncio.Event()

    @property
    def count(self) -> int:
        """Changes so far."""
        return self._count

    def beat(self) -> None:
        """Tell that something has changed."""
        self._count += 1
        woken, self._next = self._next, asyncio.Event()
        woken.set()

    async def after(self, count: int) -> int:
        """Wait until there were more changes than `count`; returns how many there were."""
        while self._count <= count:
            await self._next.wait()
        return self._count
