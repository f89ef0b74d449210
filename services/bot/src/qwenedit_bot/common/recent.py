"""A cache with a TTL, of what this process did lately. The bot does it again if Redis lost it."""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")

LOST_AT_MOST = 60.0
"""Seconds of writes that a Redis may lose when it is replaced, with a margin: a file written every second loses one or
two, a replica lags by less, a failover takes some ten."""
SPANS = 60
"""In which an entry's time is kept, together with others: a time for each would take as much as a job's id does."""


class PresenceClock:
    """Monotonic seconds in which Redis answered. What it may have forgotten does not grow older while it is away.

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
    def stands_still_on(self, error: type[Exception]) -> Iterator[None]:
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


class Recent(Generic[K, V]):
    """Entries that are forgotten with age, and the oldest ones when there are too many.

    Args:
        most: Of them, or of their weights' sum.
        keep: Seconds, to which up to a sixtieth is added.
        weigh: What an entry counts.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        most: int,
        keep: float = LOST_AT_MOST,
        weigh: Callable[[V], int] = lambda _value: 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._keep = keep
        self._span = keep / SPANS
        self._weigh = weigh
        self._clock = clock
        self._spans: deque[tuple[float, dict[K, V]]] = deque()
        """Since when an entry could be noted here, and the entries; oldest first."""
        self._weight = 0

    def note(self, key: K, value: V) -> None:
        """Keep an entry; one of the same key is replaced."""
        self._drop(key)
        now = self._clock()
        if not self._spans or self._spans[-1][0] + self._span <= now:
            self._spans.append((now, {}))
        self._spans[-1][1][key] = value
        self._weight += self._weigh(value)
        self._forget()

    def get(self, key: K) -> V | None:
        """Return an entry, unless it is forgotten."""
        self._forget()
        for _began, entries in reversed(self._spans):
            if key in entries:
                return entries[key]
        return None

    def items(self) -> list[tuple[K, V]]:
        """Return all entries, oldest first."""
        self._forget()
        return [item for _began, entries in self._spans for item in entries.items()]

    def drop(self, which: Callable[[K], bool]) -> None:
        """Forget some entries, by their keys."""
        for key in [key for _began, entries in self._spans for key in entries if which(key)]:
            self._drop(key)

    def _forget(self) -> None:
        too_old = self._clock() - self._keep - self._span
        while self._spans:
            began, entries = self._spans[0]
            if not entries:
                self._spans.popleft()
            elif began <= too_old or self._weight > self._most:
                self._drop(next(iter(entries)))
            else:
                return

    def _drop(self, key: K) -> None:
        for _began, entries in self._spans:
            if key in entries:
                self._weight -= self._weigh(entries.pop(key))
                return
