"""Waiting for one thing or another, whichever comes first."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")


class Signal(asyncio.Event):
    """An event with callbacks, so that rare events need no waiting task."""

    def __init__(self) -> None:
        super().__init__()
        self._callbacks: list[Callable[[], object]] = []

    def set(self) -> None:
        """Wake all who wait, and call."""
        if self.is_set():
            return
        super().set()
        for callback in tuple(self._callbacks):
            callback()

    @contextmanager
    def calling(self, callback: Callable[[], object]) -> Iterator[None]:
        """Have something called when it comes inside the block, or at once where it came before."""
        self._callbacks.append(callback)
        if self.is_set():
            callback()
        try:
            yield
        finally:
            self._callbacks.remove(callback)


async def unless(signal: Signal, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what the work returns, or raise what it raises; None when the signal comes first and cancels it.

    The work is done in the caller's own task, as inside `asyncio.timeout`. A cancellation must lose nothing: where the
    signal comes when the work has just ended, its result is gone.
    """
    if signal.is_set():
        work.close()
        return None
    task = cast("asyncio.Task[Any]", asyncio.current_task())
    already, stopped = task.cancelling(), False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        task.cancel()

    with signal.calling(stop):
        try:
            return await work
        except asyncio.CancelledError:
            if stopped and task.cancelling() == already + 1:
                return None
            raise
        finally:
            if stopped:
                task.uncancel()
