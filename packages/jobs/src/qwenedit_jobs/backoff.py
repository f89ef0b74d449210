"""Pauses that grow while something stays out of reach."""

from __future__ import annotations

import random

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 10.0


class Backoff:
    """Pauses in seconds: none, then 0.5 doubling to 10, each with jitter so that workers do not return in step."""

    def __init__(self) -> None:
        self._next = 0.0

    def pause(self) -> float:
        """Return the pause before the next try."""
        pause = self._next
        self._next = min(max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE)
        return pause * random.uniform(0.75, 1.0)  # noqa: S311 - spreads load, keeps no secret

    def reset(self) -> None:
        """Begin anew, after a success."""
        self._next = 0.0
