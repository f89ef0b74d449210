"""Growing pauses between tries to reach a server that doesn't answer."""

from __future__ import annotations

import asyncio
import random


def pause_after(failures: int, *, first: float, longest: float) -> float:
    """Return the pause in seconds after so many failures in a row: it doubles up to a limit.

    Jitter keeps processes from trying at the same moment.

    Args:
        failures: At least 1.
        first: The pause after the first one.
        longest: The limit.
    """
    doublings = min(failures - 1, 60)  # with more a float would overflow some day
    return min(longest, first * 2.0**doublings) * random.uniform(0.75, 1.0)  # noqa: S311 - spreads load, keeps no secret


async def pause(stop: asyncio.Event, seconds: float) -> bool:
    """Wait, at most until the stop event; returns whether it came."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return stop.is_set()
    return True


class Backoff:
    """Pauses in seconds: none, then those of `pause_after`.

    Args:
        first: The first pause that is not 0.
        longest: The limit.
    """

    def __init__(self, *, first: float = 0.25, longest: float = 10.0) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def next(self) -> float:
        """Return the pause before the next try; 0 the first time."""
        failures, self._failures = self._failures, self._failures + 1
        return pause_after(failures, first=self._first, longest=self._longest) if failures else 0.0

    def reset(self) -> None:
        """Start over, after a success."""
        self._failures = 0
