"""Passes progress on to a listener. The execution never waits for the listener."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qwenedit_worker.comfyui.types import Progress, Stage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_ORDER = list(Stage)


class Reporter:
    """Tells of the newest progress; what a slow listener missed is skipped.

    Args:
        on_progress: told of each progress.
    """

    def __init__(self, on_progress: Callable[[Progress], Awaitable[None]]) -> None:
        self._on_progress = on_progress
        self._newest: Progress | None = None
        self._changed = asyncio.Event()

    def show(self, progress: Progress) -> None:
        """Note progress. Going back, as late and repeated events would, changes nothing."""
        if self._newest is None or _rank(progress) > _rank(self._newest):
            self._newest = progress
            self._changed.set()

    async def run(self) -> None:
        """Report for ever. To be cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._newest is not None:
                await self._on_progress(self._newest)


def _rank(progress: Progress) -> tuple[int, int]:
    return _ORDER.index(progress.stage), progress.step
