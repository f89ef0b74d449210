"""Growing pauses between tries to reach what does not answer."""

from __future__ import annotations

import random

LONGEST_PAUSE = 10.0
"""Seconds."""


class Backoff:
    """Pauses in seconds: none, then doubling up to a limit. Jitter keeps processes from trying at the same moment.

    Args:
        first: The first pause that is not 0.
        longest: The limit.
    """

    def __init__(self, *, first: float = 0.25, longest: float = LONGEST_PAUSE) -> None:
        self._first = first
        self._longest = longest
        self._next = 0.0

    def next(self) -> float:
        """Return the pause before the next try; 0 the first time."""
        pause = self._next
        self._next = min(self._longest, pause * 2) if pause else self._first
        return pause * random.uniform(0.75, 1.0)  # noqa: S311 - spreads load, keeps no secret

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._next = 0.0
