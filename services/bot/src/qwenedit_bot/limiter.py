"""Telegram's pace, kept by us so that Telegram need not enforce it (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

WINDOW = 62.0
"""Seconds over which a chat's edits are counted: a minute, and what an edit may be late by when it reaches Telegram."""
EDITS = 15
"""Edits of any kind that a chat gets in a window."""
CHATS_KEPT = 1_000
"""Chats remembered before the quiet ones are forgotten."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may happen."""

    interval: float
    """Seconds between two times, in the long run."""
    burst: int
    """How many times at once after a quiet time."""

    @property
    def ahead(self) -> float:
        """Seconds by which a turn may come before it is due."""
        return self.interval * (self.burst - 1)


OVERALL = Rate(interval=1 / 30, burst=30)
CHAT = Rate(interval=1.0, burst=5)
GROUP = Rate(interval=3.75, burst=5)
"""20 in any minute: 5 at once, and 15 more at this interval."""
SPARED = 10
"""Turns of the overall burst that progress edits leave to messages that somebody waits for."""


class Pace(Protocol):
    """One budget for everything that is sent with a token."""

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Wait for a turn; with a chat's id also for the chat's, and for an edit for one of its edits."""

    async def try_acquire(self, chat_id: int, *, edits: int) -> bool:
        """Take the turn of an edit only if nothing of greater weight could miss it.

        Args:
            chat_id: The chat.
            edits: How many the chat may have had in the last minute, this one included.
        """

    async def close(self, chat_id: int | None, seconds: float) -> None:
        """Obey a 429: send nothing, in this chat or at all, for a while."""


def is_group(chat_id: int) -> bool:
    """Whether a chat is a group: users' ids are positive (https://core.telegram.org/api/bots/ids)."""
    return chat_id < 0


class _Bucket:
    """GCRA with its single number: when the next turn is due."""

    __slots__ = ("_due", "_rate")

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._due = 0.0

    def wait(self, now: float, *, spared: int = 0) -> float:
        """Seconds until the next one may pass."""
        return max(0.0, self._due - self._rate.ahead + spared * self._rate.interval - now)

    def take(self, now: float) -> None:
        """Let one pass, now or as soon as `wait` said."""
        self._due = max(self._due, now) + self._rate.interval

    def close(self, until: float) -> None:
        """Let nothing pass before a time."""
        self._due = max(self._due, until + self._rate.ahead)


class _Chat:
    __slots__ = ("buckets", "edits")

    def __init__(self, chat_id: int) -> None:
        self.buckets = [_Bucket(CHAT), *([_Bucket(GROUP)] if is_group(chat_id) else [])]
        self.edits: deque[float] = deque(maxlen=EDITS)

    def wait(self, now: float) -> float:
        return max(bucket.wait(now) for bucket in self.buckets)

    def edit_wait(self, now: float, allowed: int) -> float:
        return max(0.0, self.edits[-allowed] + WINDOW - now) if len(self.edits) >= allowed else 0.0

    def take(self, now: float) -> None:
        for bucket in self.buckets:
            bucket.take(now)

    def quiet(self, now: float) -> bool:
        return self.wait(now) <= 0 and (not self.edits or self.edits[-1] + WINDOW <= now)


class Limiter:
    """A budget that this process keeps for itself: with several of them the token's is that many times as large.

    Args:
        clock: Monotonic time in seconds.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._all = _Bucket(OVERALL)
        self._chats: dict[int, _Chat] = {}

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Wait for a turn."""
        chat = self._chat(chat_id)
        now = self._clock()
        if edit and chat is not None:
            wait = chat.edit_wait(now, EDITS)
            chat.edits.append(now + wait)
            if wait > 0:  # not yet a turn of the others: they would stand still until then
                await self._sleep(wait)
                now = self._clock()
        wait = max(self._all.wait(now), chat.wait(now) if chat else 0.0)
        self._take(chat, now)
        if wait > 0:
            await self._sleep(wait)

    async def try_acquire(self, chat_id: int, *, edits: int) -> bool:
        """Take the turn of an edit only if it is free."""
        chat = self._chat(chat_id) or _Chat(chat_id)
        now = self._clock()
        if max(self._all.wait(now, spared=SPARED), chat.wait(now), chat.edit_wait(now, edits)) > 0:
            return False
        chat.edits.append(now)
        self._take(chat, now)
        return True

    async def close(self, chat_id: int | None, seconds: float) -> None:
        """Send nothing, in this chat or at all, for a while."""
        chat = self._chat(chat_id)
        (chat.buckets[0] if chat else self._all).close(self._clock() + seconds)

    def _take(self, chat: _Chat | None, now: float) -> None:
        self._all.take(now)
        if chat is not None:
            chat.take(now)

    def _chat(self, chat_id: int | None) -> _Chat | None:
        if chat_id is None:
            return None
        chat = self._chats.get(chat_id)
        if chat is None:
            if len(self._chats) >= CHATS_KEPT:
                now = self._clock()
                self._chats = {known: chat for known, chat in self._chats.items() if not chat.quiet(now)}
            chat = self._chats[chat_id] = _Chat(chat_id)
        return chat
