"""How fast a bot may send messages.

Telegram publishes no exact figures (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
It allows about one message a second in a chat, with short bursts, 30 a second in all, and 20 a minute in a group.
Edits are counted too. Each limit is a bucket that refills steadily. A call is let through while the bucket is not
empty, and may overdraw it, as an album does.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telegram_simulator.common.errors import TooManyRequestsError

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE = 60.0
TOLERANCE = 1e-6
"""Seconds that a sum of floats may be off."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rates:
    """The limits in force.

    Attributes:
        chat_per_second: Messages and edits in one chat.
        chat_burst: How many of them may come at once after a pause.
        overall_per_second: Messages and edits of a bot in all chats.
        group_per_minute: Messages and edits in a group.
        edits_per_minute: Edits in one chat.
    """

    enabled: bool = True
    chat_per_second: float = 1.0
    chat_burst: int = 5
    overall_per_second: float = 30.0
    group_per_minute: float = 20.0
    edits_per_minute: float = 20.0


class RateLimiter:
    """Counts what a bot sends and refuses what is too much.

    Args:
        rates: The limits in force; may be replaced, which forgives everything so far.
        clock: Monotonic, in seconds.
    """

    def __init__(self, rates: Rates, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        self._full: dict[tuple[str, int, int], float] = {}
        """When each bucket will be full again."""

    @property
    def rates(self) -> Rates:
        """The limits in force."""
        return self._rates

    @rates.setter
    def rates(self, rates: Rates) -> None:
        self._rates = rates
        self._full.clear()

    def charge(self, *, bot_id: int, chat_id: int, group: bool, count: int = 1, edit: bool = False) -> None:
        """Count messages or edits.

        Raises:
            TooManyRequestsError: They would be too many; nothing is counted.
        """
        if not self._rates.enabled:
            return
        rates, now = self._rates, self._clock()
        buckets = {
            ("overall", bot_id, 0): (rates.overall_per_second, rates.overall_per_second),
            ("chat", bot_id, chat_id): (rates.chat_per_second, rates.chat_burst),
        }
        if group:
            buckets["group", bot_id, chat_id] = rates.group_per_minute / MINUTE, rates.group_per_minute
        if edit:
            buckets["edits", bot_id, chat_id] = rates.edits_per_minute / MINUTE, rates.edits_per_minute
        full = {key: max(now, self._full.get(key, now)) for key in buckets}
        wait = max(full[key] - now - (capacity - 1) / rate for key, (rate, capacity) in buckets.items())
        if wait > TOLERANCE:
            raise TooManyRequestsError(max(1, math.ceil(wait)))
        self._full |= {key: full[key] + count / rate for key, (rate, _capacity) in buckets.items()}
