"""Calls to Telegram that failed lately, counted in Redis by the minute, for the operator's command line.

Nothing is written while all calls succeed. A failure is over when each method that failed has succeeded since.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

TOLD_EVERY = 5.0
"""Seconds between two writes, while calls fail."""
MINUTE = 60
KEPT = 3_600
"""Seconds for which a minute's counts are kept."""
COUNTED = frozenset({"401", "404", "409", "429", "5xx", "network", "unreadable"})
"""Ends of a call for which Telegram, the way there or an operator is to blame, as in the alert QweneditTelegramRejects.
Others may be right, such as where a user has blocked the bot."""
_WAIT, _LAST, _OVER = "wait", "last:", "over:"


@dataclass(frozen=True, slots=True)
class FailedCalls:
    """What failed in a stretch of time."""

    since: float
    """Seconds since the epoch, by Redis' clock, as is `last`."""
    by_status: dict[str, int] = field(default_factory=dict)
    """HTTP status, `5xx`, `network` or `unreadable` → calls."""
    wait: float = 0.0
    """Seconds that 429 answers told the bot to wait, in all."""
    last: float | None = None
    """When the last one was noted."""
    over: float | None = None
    """When calls were noted to succeed again; None while one of them may still fail."""


class CallFailures:
    """Counts them.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._counts = Counter[str]()
        self._wait = 0.0
        self._process = secrets.token_hex(4)
        self._failing = set[str]()
        """Methods whose last call failed."""
        self._recovered = False

    def note(self, status: str, *, method: str, wait: float = 0.0) -> None:
        """Count a call by how it ended.

        Args:
            status: `200`, another HTTP status, `5xx`, `network` or `unreadable`.
            method: Of the Bot API.
            wait: Seconds that a 429 told.
        """
        if status in COUNTED:
            self._counts[status] += 1
            self._wait += wait
            self._failing.add(method)
            self._recovered = False
        elif method in self._failing:
            self._failing.remove(method)
            self._recovered = not self._failing

    async def tell(self) -> None:
        """Add what was counted since the last time to Redis. What Redis does not take now is added the next time."""
        counts, wait, recovered = self._counts, self._wait, self._recovered
        if not counts and not recovered:
            return
        self._counts, self._wait, self._recovered = Counter(), 0.0, False
        try:
            now = int((await self._redis.time())[0])
            key = self._keys.failed_calls(now // MINUTE)
            pipeline = self._redis.pipeline(transaction=True)
            for status, count in counts.items():
                pipeline.hincrby(key, status, count)
            if counts:
                pipeline.hincrby(key, _WAIT, round(wait))
                pipeline.hset(key, f"{_LAST}{self._process}", now)
            if recovered:
                pipeline.hset(key, f"{_OVER}{self._process}", now)
            else:
                pipeline.hdel(key, f"{_OVER}{self._process}")  # of the same second, perhaps
            pipeline.expire(key, KEPT)
            await pipeline.execute()
        except RedisError:
            self._counts.update(counts)
            self._wait += wait
            self._recovered = recovered and not self._failing

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Tell from time to time while the context is open, and at its end."""
        task = asyncio.create_task(self._keep_telling())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self.tell()

    async def recent(self, minutes: int) -> FailedCalls:
        """Return what failed in the last minutes, the one under way included."""
        now = int((await self._redis.time())[0])
        this = now // MINUTE
        pipeline = self._redis.pipeline(transaction=False)
        for minute in range(this - minutes + 1, this + 1):
            pipeline.hgetall(self._keys.failed_calls(minute))
        counts, wait, last, over = Counter[str](), 0, dict[str, int](), dict[str, int]()
        for found in await pipeline.execute():
            wait += int(found.pop(_WAIT, 0))
            for name, value in found.items():
                if name.startswith(_LAST):
                    last[name.removeprefix(_LAST)] = int(value)
                elif name.startswith(_OVER):
                    over[name.removeprefix(_OVER)] = int(value)
                else:
                    counts[name] += int(value)
        ended = all(over.get(process, 0) >= at for process, at in last.items())
        return FailedCalls(
            since=float((this - minutes + 1) * MINUTE),
            by_status=dict(counts.most_common()),
            wait=float(wait),
            last=max(last.values(), default=None),
            over=max(over.values(), default=None) if ended else None,
        )

    async def _keep_telling(self) -> None:
        while True:
            await asyncio.sleep(TOLD_EVERY)
            await self.tell()
