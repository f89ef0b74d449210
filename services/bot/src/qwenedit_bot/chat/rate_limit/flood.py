"""Tells a chat that is too fast for Telegram from a token that is."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwenedit_jobs.backoff import pause_after

if TYPE_CHECKING:
    from collections.abc import Callable

CHATS, WINDOW = 5, 10.0
"""So many chats refused with a 429 in so many seconds, with no success in between, mean the token."""
FIRST_CLOSURE, LONGEST_CLOSURE = 0.5, 30.0
"""Seconds for which all chats are closed then. They double as long as nothing gets through in between."""


class Flood:
    """Counts 429s. One of them closes its own chat alone; only a row of them in different chats closes all.

    Args:
        clock: Monotonic time in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._refused: dict[int, float] = {}
        self._closures = 0

    def succeeded(self) -> None:
        """Note that a message got through: the token is not too fast."""
        self._refused.clear()
        self._closures = 0

    def refused(self, chat_id: int, retry_after: float) -> float:
        """Note a 429 in a chat; returns the seconds for which all chats are to be closed, mostly none."""
        now = self._clock()
        self._refused = {chat: at for chat, at in self._refused.items() if now - at < WINDOW} | {chat_id: now}
        if len(self._refused) < CHATS:
            return 0.0
        self._refused.clear()
        self._closures += 1
        return min(retry_after, pause_after(self._closures, first=FIRST_CLOSURE, longest=LONGEST_CLOSURE))
