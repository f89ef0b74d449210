"""A cache with a TTL and a bound, in this process."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class TTLCache(Generic[K, V]):
    """Entries that are forgotten with age, and the oldest ones when there are too many.

    Args:
        most: Of them, or of their weights' sum.
        keep: Seconds.
        weigh: What an entry counts.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        most: int,
        keep: float,
        weigh: Callable[[V], int] = lambda _value: 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._keep = keep
        self._weigh = weigh
        self._clock = clock
        self._entries: OrderedDict[K, tuple[float, V]] = OrderedDict()
        """Each with the time at which it was noted; oldest first."""
        self._weight = 0

    def note(self, key: K, value: V) -> None:
        """Keep an entry; one of the same key is replaced."""
        self.discard(key)
        self._entries[key] = (self._clock(), value)
        self._weight += self._weigh(value)
        self._forget()

    def get(self, key: K) -> V | None:
        """Return an entry, unless it is forgotten."""
        self._forget()
        found = self._entries.get(key)
        return None if found is None else found[1]

    def items(self) -> list[tuple[K, V]]:
        """Return all entries, oldest first."""
        self._forget()
        return [(key, value) for key, (_noted, value) in self._entries.items()]

    def drop(self, which: Callable[[K], bool]) -> None:
        """Forget some entries, by their keys."""
        for key in list(filter(which, self._entries)):
            self.discard(key)

    def discard(self, key: K) -> None:
        """Forget an entry, if it is there."""
        if key in self._entries:
            self._weight -= self._weigh(self._entries.pop(key)[1])

    def _forget(self) -> None:
        too_old = self._clock() - self._keep
        while self._entries:
            key, (noted, _value) = next(iter(self._entries.items()))
            if noted > too_old and self._weight <= self._most:
                return
            self.discard(key)
