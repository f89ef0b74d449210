"""Log lines that anybody on the internet can cause: at most one a minute of each kind, with a count."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY = 60.0
"""Seconds between two lines of the same event."""
MOST_EVENTS = 100
"""Events that are told apart; their names are ours, so that there are not that many."""


class LogRate:
    """Writes an event's first line at once, and then one a minute with the number of those left out.

    What is left out after the last line is told with the next one, however late that is.

    Args:
        logger: Where lines go.
        clock: Monotonic time in seconds.
    """

    def __init__(self, logger: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._written: dict[str, float] = {}
        self._left_out: dict[str, int] = {}

    def info(self, event: str, **fields: Any) -> None:
        """Write a line at level INFO, unless one was written in the last minute."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Write a line at level WARNING, unless one was written in the last minute."""
        self._write("warning", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, Any]) -> None:
        now = self._clock()
        last = self._written.get(event)
        if last is not None and now - last < EVERY:
            self._left_out[event] = self._left_out.get(event, 0) + 1
            return
        if len(self._written) >= MOST_EVENTS:
            self._written.clear()
        self._written[event] = now
        left_out = self._left_out.pop(event, 0)
        getattr(self._logger, level)(event, **fields, **({"left_out": left_out} if left_out else {}))
