"""How many jobs ended each day, and how: counted in Redis for the admins, over all replicas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_jobs import State

KEPT = 8 * 86_400
"""Seconds that a day's numbers are kept."""


@dataclass(frozen=True, slots=True)
class Day:
    """What ended on one day, in UTC."""

    done: int = 0
    failed: int = 0
    cancelled: int = 0


class DailyCounts:
    """Counts.

    Args:
        redis: A client that decodes replies.
        keys: Names of the bot's keys.
    """

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys

    async def count(self, state: State) -> None:
        """Count a job that was answered; may miss one after a crash, never counts one twice."""
        key = self._keys.daily_counts(await self._today())
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.hincrby(key, state, 1)
        pipeline.expire(key, KEPT)
        await pipeline.execute()

    async def days(self) -> tuple[Day, Day]:
        """Return today and yesterday."""
        today = await self._today()
        yesterday = (datetime.fromisoformat(today) - timedelta(days=1)).date().isoformat()
        return await self._day(today), await self._day(yesterday)

    async def _day(self, date: str) -> Day:
        counts = await self._redis.hgetall(self._keys.daily_counts(date))
        return Day(*(int(counts.get(name, 0)) for name in ("done", "failed", "cancelled")))

    async def _today(self) -> str:
        seconds, _microseconds = await self._redis.time()
        return datetime.fromtimestamp(seconds, UTC).date().isoformat()
