"""Telegram's pace, kept by us so that Telegram need not enforce it (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

OVERALL_PER_SECOND = 30
CHAT_INTERVAL = 1.0
"""Seconds between two messages or edits in a chat, in the long run."""
CHAT_BURST = 5
"""Messages or edits that a chat may get at once after a quiet time."""
WINDOW = 60.0
"""Seconds over which a chat's edits are counted."""
CHATS_KEPT = 1_000
"""Chats remembered before the quiet ones are forgotten."""


class _Bucket:
    """Lets `burst` through at once and one more every `interval` seconds: GCRA, with its single number."""

    __slots__ = ("_burst_time", "_free_at", "_interval")

    def __init__(self, *, interval: float, burst: int) -> None:
        self._interval = interval
        self._burst_time = interval * (burst - 1)
        self._free_at = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next one may pass."""
        return max(0.0, self._free_at - self._burst_time - now)

    def take(self, now: float) -> None:
        """Let one pass, now or as soon as `wait` said."""
        self._free_at = max(self._free_at, now) + self._interval

    def close(self, until: float) -> None:
        """Let nothing pass before a time."""
        self._free_at = max(self._free_at, until + self._burst_time)


class _Chat:
    __slots__ = ("bucket", "times")

    def __init__(self) -> None:
        self.bucket = _Bucket(interval=CHAT_INTERVAL, burst=CHAT_BURST)
        self.times: deque[float] = deque()

    def recent(self, now: float) -> int:
        while self.times and self.times[0] <= now - WINDOW:
            self.times.popleft()
        return len(self.times)


class Limiter:
    """One budget for everything this process sends.

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
        self._all = _Bucket(interval=1 / OVERALL_PER_SECOND, burst=OVERALL_PER_SECOND)
        self._chats: dict[int, _Chat] = {}

    async def acquire(self, chat_id: int | None) -> None:
        """Wait for a turn; with a chat's id also for the chat's."""
        chat = self._chat(chat_id)
        now = self._clock()
        wait = max(self._all.wait(now), chat.bucket.wait(now) if chat else 0.0)
        self._take(chat, now)
        if wait > 0:
            await self._sleep(wait)

    def try_acquire(self, chat_id: int, *, per_minute: int) -> bool:
        """Take a turn only if nothing of greater weight could miss it.

        Args:
            chat_id: The chat.
            per_minute: Turns of any kind that the chat may have had in the last minute.
        """
        chat = self._chat(chat_id) or _Chat()
        now = self._clock()
        if self._all.wait(now) > 0 or chat.bucket.wait(now) > 0 or chat.recent(now) >= per_minute:
            return False
        self._take(chat, now)
        return True

    def close(self, chat_id: int | None, seconds: float) -> None:
        """Obey a 429: send nothing, in this chat or at all, for a while."""
        chat = self._chat(chat_id)
        (chat.bucket if chat else self._all).close(self._clock() + seconds)

    def _take(self, chat: _Chat | None, now: float) -> None:
        self._all.take(now)
        if chat is not None:
            chat.bucket.take(now)
            chat.times.append(now)

    def _chat(self, chat_id: int | None) -> _Chat | None:
        if chat_id is None:
            return None
        chat = self._chats.get(chat_id)
        if chat is None:
            if len(self._chats) >= CHATS_KEPT:
                self._forget_quiet_ones()
            chat = self._chats[chat_id] = _Chat()
        return chat

    def _forget_quiet_ones(self) -> None:
        now = self._clock()
        self._chats = {
            chat_id: chat for chat_id, chat in self._chats.items() if chat.recent(now) or chat.bucket.wait(now) > 0
        }
