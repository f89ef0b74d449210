"""Limits how many places, or bytes of memory, are in use, and shares them among users.

Nobody waits inside. `LaterError` sends them away, and calls them when it is their turn.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import LaterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

UNCALLED = 5.0
"""Seconds after which an owner who waits asks again without having been called."""
GRACE = 3.0
"""Seconds within which an owner who was called, or is to ask again, must come to keep their place in the line."""
LOOK_EVERY = 1.0
"""Seconds between looks at a line that somebody may have left who was called. Those behind need not wait for more."""
MOST_CALLS = 100
"""Requests of one owner that can be called. The others ask again after `UNCALLED` seconds."""
MOST_OWNERS = 1_000
"""Owners with such requests. Beyond it, those are dropped whose requests have asked again."""
TINY = 128
"""An amount of this part of the bound does not wait behind larger requests. All of these that can be in hand at once
take less than half of the bound."""


@dataclass(frozen=True, slots=True)
class _OwnWaiting:
    until: float
    """When the request asks again by itself, and need not be called any more."""
    called: asyncio.Future[None]


@dataclass(slots=True)
class _Waiting:
    amount: int
    until: float
    """When the owner has lost their place."""
    called: asyncio.Future[None]
    passed_over: bool = False
    """Whether others go first until the owner asks again."""


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
        self._queue: dict[int, _Waiting] = {}
        self._own_waiting: dict[int, deque[_OwnWaiting]] = {}
        """Of owners that hold their share: what else of theirs waits."""
        self._next_look: asyncio.TimerHandle | None = None

    @property
    def used(self) -> int:
        """How much is held now."""
        return sum(self._held.values())

    @property
    def awaited(self) -> bool:
        """Whether somebody waits in line who was not called."""
        now = self._clock()
        return any(waiting.until >= now and not waiting.called.done() for waiting in self._queue.values())

    @contextmanager
    def taken(self, owner: int, amount: int = 1) -> Iterator[Reservation]:
        """Hold an amount inside the block. More than the bound counts as all of it.

        Raises:
            LaterError: there is no room now, or the owner holds their share.
        """
        held = Reservation(self, owner)
        self._take(owner, amount)
        held.resize(amount)
        try:
            yield held
        finally:
            held.resize(0)

    def pass_over(self, owner: int) -> None:
        """Let others go before an owner who was called, and cannot come: what else they need is not to be had.

        Their place in line is kept until they ask again.
        """
        waiting = self._queue.get(owner)
        if waiting is not None and waiting.called.done():
            waiting.passed_over = True
            waiting.until = self._clock() + UNCALLED + GRACE
            self._call_next()

    def _take(self, owner: int, amount: int) -> None:
        own = self._held.get(owner, 0)
        if own and own + amount > self._most_of_one:
            # Their own share is no reason for others to leave room. Somebody may wait with fifty pictures.
            raise LaterError(UNCALLED, self._what, called=self._wait_for_own(owner))
        amount = min(amount, self._total)
        ahead = 0 if self._is_tiny(amount) else self._ahead_of(owner)
        before = self._queue.get(owner)
        if self.used + ahead + amount <= self._total:
            self._queue.pop(owner, None)
            return
        # All that an owner has waiting shares their place, and is called together.
        called = self._call() if before is None or before.called.done() else before.called
        self._queue[owner] = _Waiting(amount, self._clock() + UNCALLED + GRACE, called)  # in the old place
        self._look_later()
        raise LaterError(UNCALLED, self._what, called=called)

    def _is_tiny(self, amount: int) -> bool:
        return amount * TINY <= self._total

    def _ahead_of(self, owner: int) -> int:
        self._drop_gone()
        ahead = 0
        for each, waiting in self._queue.items():
            if each == owner:
                break
            ahead += 0 if waiting.passed_over else waiting.amount
        return ahead

    def _change(self, owner: int, by: int) -> None:
        left = self._held.get(owner, 0) + by
        if left:
            self._held[owner] = left
        else:
            self._held.pop(owner, None)
        if by < 0:
            self._call_next_of(owner)
            self._call_next()

    def _wait_for_own(self, owner: int) -> asyncio.Future[None]:
        now = self._clock()
        if len(self._own_waiting) >= MOST_OWNERS:
            kept = ((each, calls) for each, calls in self._own_waiting.items() if calls[-1].until > now)
            self._own_waiting = dict(kept)
        waiting = _OwnWaiting(now + UNCALLED, self._call())
        self._own_waiting.setdefault(owner, deque(maxlen=MOST_CALLS)).append(waiting)
        return waiting.called

    def _call_next_of(self, owner: int) -> None:
        now, calls = self._clock(), self._own_waiting.pop(owner, deque())
        while calls:
            waiting = calls.popleft()
            if waiting.until > now:
                waiting.called.set_result(None)
                break
        if calls:
            self._own_waiting[owner] = calls

    def _call_next(self) -> None:
        """Call all those in line who would not be sent away any more."""
        self._drop_gone()
        taken = taken_with_tiny = self.used
        for waiting in self._queue.values():
            if waiting.passed_over:
                continue
            taken += waiting.amount
            if self._is_tiny(waiting.amount):
                taken_with_tiny += waiting.amount
                there_is_room = taken_with_tiny <= self._total
            else:
                there_is_room = taken <= self._total
            if there_is_room and not waiting.called.done():
                waiting.until = self._clock() + GRACE
                waiting.called.set_result(None)

    def _look_later(self) -> None:
        if self._next_look is None:
            self._next_look = asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)

    def _look(self) -> None:
        self._next_look = None
        self._call_next()
        if self._queue:
            self._look_later()

    def _drop_gone(self) -> None:
        now = self._clock()
        self._queue = {each: waiting for each, waiting in self._queue.items() if waiting.until >= now}

    @staticmethod
    def _call() -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()


class Reservation:
    """What an owner holds of a budget."""

    def __init__(self, budget: Budget, owner: int) -> None:
        self._budget = budget
        self._owner = owner
        self._amount = 0

    def resize(self, amount: int) -> None:
        """Say what is held in fact: less makes room, and more is counted although there may be no room."""
        self._budget._change(self._owner, amount - self._amount)  # noqa: SLF001 - two halves of one thing
        self._amount = amount
