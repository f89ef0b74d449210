"""Limits the use of a scarce resource: slots, or bytes of memory. Never blocks."""

from __future__ import annotations

import random
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.common import timeouts

if TYPE_CHECKING:
    from collections.abc import Iterator


class Bound:
    """A limit that raises `LaterError` when reached. Users who hit it are served in order."""

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self._line: dict[int, float] = {}
        self.used = 0
        """How much is reserved now."""

    @contextmanager
    def taken(self, amount: int = 1, *, owner: int | None = None) -> Iterator[None]:
        """Reserve an amount for the block; more than the limit reserves all of it.

        If `owner` is a user, users are served in the order in which they came.

        Raises:
            LaterError: there's no room now, or users who came earlier get it.
        """
        amount = min(amount, self._most)
        ahead = self._ahead_of(owner) if owner is not None else 0
        if self.used + amount + ahead > self._most:
            raise later(self._what)
        if owner is not None:
            self._line.pop(owner, None)
        self.used += amount
        try:
            yield
        finally:
            self.used -= amount

    def _ahead_of(self, owner: int) -> int:
        """Add a user to the line, unless they're in it, and count those before them who still ask."""
        now = time.monotonic()
        self._line = {each: at for each, at in self._line.items() if now - at < timeouts.PLACE_IN_LINE}
        self._line[owner] = now  # a user who is in line keeps the place
        return list(self._line).index(owner)


def later(what: str) -> LaterError:
    """Return an error with a random wait, so that waiting requests don't return all at once."""
    return LaterError(timeouts.SENT_AWAY * random.uniform(0.5, 1.0), what)  # noqa: S311 - spreads load, keeps no secret
