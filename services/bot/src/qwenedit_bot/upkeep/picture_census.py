"""Shows how much of Redis pictures take, by what they are for."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import NoPermissionError

from qwenedit_jobs.pictures.census import take_census

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_jobs import JobQueue, Keys

TICK = 5.0
"""Seconds between two looks at the clock."""
CENSUS_EVERY = 60.0
"""Seconds between two looks at all pictures, each a look at every key."""
SHARE = 0.02
"""Share of the time that looks take at most: where each takes long, they are rarer."""

log = structlog.get_logger(__name__)


class PictureCensus:
    """Counts the pictures in Redis now and then; a loop of its own, since millions of keys take seconds.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        queue: Knows what the jobs' results may take.
        metrics: Where the counts are shown.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        queue: JobQueue,
        metrics: BotMetrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._queue = queue
        self._metrics = metrics
        self._clock = clock
        self._next = clock()

    async def tick(self) -> None:
        """Count, if it is time."""
        began = self._clock()
        if began < self._next:
            return
        try:
            await self._count()
        except NoPermissionError as error:  # a Redis of others, whose user may not look
            log.info("redis.pictures_unknown", error=str(error))
            self._next = math.inf
        else:
            took = self._clock() - began
            self._next = began + max(CENSUS_EVERY, took / SHARE)

    async def _count(self) -> None:
        census = await take_census(self._redis, self._keys, self._queue)
        kinds = {
            "inputs": census.inputs, "results": census.results, "answered": census.answered,
            "promised": census.promised,
        }  # fmt: skip
        for kind, size in kinds.items():
            self._metrics.redis_pictures.labels(kind).set(size)
        age = 0.0
        if census.oldest_answered is not None:
            seconds, microseconds = await self._redis.time()
            age = seconds + microseconds / 1e6 - census.oldest_answered
        self._metrics.redis_oldest_answered.set(max(0.0, age))
