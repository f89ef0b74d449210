"""What has happened and a bot has not confirmed yet (https://core.telegram.org/bots/api#getting-updates)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from telegram_simulator.common.change_signal import ChangeSignal

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Update:
    """One update with the field that it carries."""

    id: int
    kind: str
    payload: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return what the bot receives."""
        return {"update_id": self.id, self.kind: self.payload}


class UpdateQueue:
    """Updates in order, oldest first.

    Args:
        first_id: Of the first update.
    """

    def __init__(self, *, first_id: int) -> None:
        self._waiting: deque[Update] = deque()
        self._next_id = first_id
        self._allowed: frozenset[str] | None = None
        self.arrivals = ChangeSignal()

    def __len__(self) -> int:
        return len(self._waiting)

    def allow(self, kinds: Iterable[str] | None) -> None:
        """Choose the kinds of updates that are kept from now on; None leaves the choice as it is."""
        if kinds is not None:
            self._allowed = frozenset(kinds) or None

    def add(self, kind: str, payload: dict[str, Any]) -> None:
        """Keep an update unless its kind is not wanted."""
        if self._allowed is None or kind in self._allowed:
            self.force(kind, payload)

    def force(self, kind: str, payload: dict[str, Any]) -> int:
        """Keep an update whatever its kind; returns its id."""
        update = Update(self._next_id, kind, payload)
        self._next_id += 1
        self._waiting.append(update)
        self.arrivals.beat()
        return update.id

    def confirm(self, offset: int) -> None:
        """Forget the updates before `offset`."""
        while self._waiting and self._waiting[0].id < offset:
            self._waiting.popleft()

    def first(self, limit: int) -> list[Update]:
        """Return the oldest updates."""
        return [update for update, _ in zip(self._waiting, range(limit), strict=False)]

    def remove(self, update: Update) -> None:
        """Forget one update."""
        if update in self._waiting:
            self._waiting.remove(update)
