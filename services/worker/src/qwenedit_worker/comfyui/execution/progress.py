"""Tells of an execution's progress, which only goes forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_worker.comfyui.types import Progress, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

_ORDER = list(Stage)


class Reporter:
    """Tells of progress that is further than the last one.

    Args:
        on_progress: told of each progress.
    """

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._newest: Progress | None = None

    def show(self, progress: Progress) -> None:
        """Tell of progress. Going back, as late and repeated events would, changes nothing."""
        if self._newest is None or _rank(progress) > _rank(self._newest):
            self._newest = progress
            self._on_progress(progress)


def _rank(progress: Progress) -> tuple[int, int]:
    return _ORDER.index(progress.stage), progress.step
