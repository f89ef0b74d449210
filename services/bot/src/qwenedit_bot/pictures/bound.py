"""Bounds how much of something scarce is in use: places, or bytes of memory. Nobody waits inside."""

from __future__ import annotations

import random
from contextlib import contextmanager
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import LaterError

if TYPE_CHECKING:
    from collections.abc import Iterator

AGAIN = 2.0
"""Seconds at most until somebody who was sent away asks again; half of it at least."""


class Bound:
    """A bound, which sends away with `LaterError`.

    Args:
        what: Named by the error.
        most: The bound.
    """

    def __init__(self, what: str, most: int) -> None:
        self._what = what
        self._most = most
        self.used = 0
        """How much is held now."""

    @contextmanager
    def taken(self, amount: int = 1) -> Iterator[None]:
        """Hold an amount inside the block. More than the bound counts as all of it.

        Raises:
            LaterError: there is no room now.
        """
        amount = min(amount, self._most)
        if self.used + amount > self._most:
            raise later(self._what)
        self.used += amount
        try:
            yield
        finally:
            self.used -= amount


def later(what: str) -> LaterError:
    """Return the error that sends somebody away for a moment, who is not to come with all the others."""
    return LaterError(AGAIN * random.uniform(0.5, 1.0), what)  # noqa: S311 - spreads load, keeps no secret
