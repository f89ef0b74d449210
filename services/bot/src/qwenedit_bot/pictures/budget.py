"""Something scarce, shared fairly: slots, or bytes of memory. Nobody waits inside; `LaterError` sends them away."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.errors import LaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST_LOOK = 0.3
"""Seconds after which the first in line is to ask again; each one behind asks a little later."""
LOOK_STEP = 0.1
LAST_LOOK = 5.0
GRACE = 3.0
"""Seconds beyond that, after which a place in the line is given up: its owner does not ask any more."""


TINY = 128
"""An amount of this part of the bound waits for nobody who needs more than there is: all that can be in hand at once
take less than half of it together."""


@dataclass(slots=True)
class _Waiting:
    amount: int
    until: float


class Budget:
    """A bound, with a line of those for whom there was no room. Each owner has one place in it.

    Nobody is overtaken for ever: what becomes free is for the first in line, but for tiny amounts.

    Args:
        what: Named by the `LaterError`.
        total: The bound.
        most_of_one: What one owner may hold of it; all where left out.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self, what: str, total: int, *, most_of_one: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what = what
        self._total = total
        self._most_of_one = total if most_of_one is None else most_of_one
        self._clock = clock
        self._held: dict[int, int] = {}
        self._line: dict[int, _Waiting] = {}
        self._refused: dict[int, int] = {}
        """How often owners were refused for their share since they last held nothing."""

    @property
    def used(self) -> int:
        """How much is held now."""
        return sum(self._held.values())

    @contextmanager
    def taken(self, owner: int, amount: int = 1) -> Iterator[Held]:
        """Hold an amount inside the block. More than the bound counts as all of it.

        Raises:
            LaterError: there is no room now, or the owner holds their share.
        """
        held = Held(self, owner)
        self._take(owner, amount)
        held.resize(amount)
        try:
            yield held
        finally:
            held.resize(0)

    def _take(self, owner: int, amount: int) -> None:
        now = self._clock()
        for gone in [each for each, waiting in self._line.items() if waiting.until < now]:
            del self._line[gone]
        own = self._held.get(owner, 0)
        if own and own + amount > self._most_of_one:
            # Their own share is no reason for others to leave room. Somebody may wait with fifty pictures.
            self._refused[owner] = times = self._refused.get(owner, 0) + 1
            raise LaterError(min(LAST_LOOK, FIRST_LOOK * times), self._what)
        ahead, place = 0, 0
        for each, waiting in self._line.items():
            if each == owner:
                break
            ahead, place = ahead + waiting.amount, place + 1
        amount = min(amount, self._total)
        if amount * TINY <= self._total:
            ahead = 0
        if self.used + ahead + amount <= self._total:
            self._line.pop(owner, None)
            return
        after = min(LAST_LOOK, FIRST_LOOK + LOOK_STEP * place)
        waiting = self._line.setdefault(owner, _Waiting(amount, 0.0))
        waiting.amount, waiting.until = amount, now + after + GRACE
        raise LaterError(after, self._what)

    def _change(self, owner: int, by: int) -> None:
        left = self._held.get(owner, 0) + by
        if left:
            self._held[owner] = left
        else:
            self._held.pop(owner, None)
            self._refused.pop(owner, None)


class Held:
    """What an owner holds of a budget."""

    def __init__(self, budget: Budget, owner: int) -> None:
        self._budget = budget
        self._owner = owner
        self._amount = 0

    def resize(self, amount: int) -> None:
        """Say what is held in fact: less makes room, and more is counted although there may be no room."""
        self._budget._change(self._owner, amount - self._amount)  # noqa: SLF001 - two halves of one thing
        self._amount = amount
