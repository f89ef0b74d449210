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


class Bucket:
    """Holds up to `capacity` permits and gains `rate` of them a second."""

    def __init__(self, *, rate: float, capacity: float, now: float) -> None:
        self._rate = rate
        self._capacity = capacity
        self._level = capacity
        self._at = now

    def wait(self, now: float) -> float:
        """Seconds until something may be taken."""
        self._refill(now)
        return 0.0 if self._level >= 1 else (1 - self._level) / self._rate

    def take(self, count: int) -> None:
        """Take permits, more than there are if need be."""
        self._level -= count

    def _refill(self, now: float) -> None:
        self._level = min(self._capacity, self._level + (now - self._at) * self._rate)
        self._at = now


class RateLimiter:
    """Counts what a bot sends and refuses what is too much.

    Args:
        rates: The limits in force; may be replaced, which forgives everything so far.
        clock: Monotonic, in seconds.
    """

    def __init__(self, rates: Rates, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        self._buckets: dict[tuple[str, int, int], Bucket] = {}

    @property
    def rates(self) -> Rates:
        """The limits in force."""
        return self._rates

    @rates.setter
    def rates(self, rates: Rates) -> None:
        self._rates = rates
        self._buckets.clear()

    def charge(self, *, bot_id: int, chat_id: int, group: bool, count: int = 1, edit: bool = False) -> None:
        """Count messages or edits.

        Raises:
            TooManyRequestsError: They would be too many; nothing is counted.
        """
        if not self._rates.enabled:
            return
        now = self._clock()
        buckets = self._affected(bot_id=bot_id, chat_id=chat_id, group=group, edit=edit, now=now)
        wait = max(bucket.wait(now) for bucket in buckets)
        if wait > 0:
            raise TooManyRequestsError(max(1, math.ceil(wait)))
        for bucket in buckets:
            bucket.take(count)

    def _affected(self, *, bot_id: int, chat_id: int, group: bool, edit: bool, now: float) -> list[Bucket]:
        rates = self._rates

        def bucket(name: str, chat: int, rate: float, capacity: float) -> Bucket:
            key = (name, bot_id, chat)
            if key not in self._buckets:
                self._buckets[key] = Bucket(rate=rate, capacity=capacity, now=now)
            return self._buckets[key]

        affected = [
            bucket("overall", 0, rates.overall_per_second, rates.overall_per_second),
            bucket("chat", chat_id, rates.chat_per_second, rates.chat_burst),
        ]
        if group:
            affected.append(bucket("group", chat_id, rates.group_per_minute / MINUTE, rates.group_per_minute))
        if edit:
            affected.append(bucket("edits", chat_id, rates.edits_per_minute / MINUTE, rates.edits_per_minute))
        return affected
