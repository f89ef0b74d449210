"""What a Redis may have lost when it is replaced; `upkeep/redis_restore.py` writes it again."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOST_AT_MOST = 60.0
"""Seconds of writes that a Redis may lose when it is replaced, with a margin: a file written every second loses one or
two, a replica lags by less, a failover takes some ten."""


class RedisUptimeClock:
    """Monotonic seconds in which Redis answered. The clock stands still during an outage of Redis.

    Args:
        clock: Monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._away = 0.0
        self._heard_at = clock()
        self._stands = False

    def __call__(self) -> float:
        """Return the time."""
        return (self._heard_at if self._stands else self._clock()) - self._away

    @contextmanager
    def stopped_by(self, error: type[Exception]) -> Iterator[None]:
        """Note whether Redis answers: an error of this kind stops the clock, from the last answer on."""
        try:
            yield
        except error:
            self._stands = True
            raise
        now = self._clock()
        if self._stands:
            self._away += now - self._heard_at
            self._stands = False
        self._heard_at = now
