"""All sides of the queue in one, for tests that play both the bot and a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_jobs import Leases, durations
from qwenedit_jobs.queue.operator_queue import OperatorQueue

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs import Keys


class JobQueue(OperatorQueue, Leases):
    """The bot's, the operator's and a worker's calls, with the Redis user of the bot."""

    def __init__(
        self, redis: Redis, keys: Keys, *, waiter: Redis | None = None, picture_ttl: int = durations.PICTURE
    ) -> None:
        Leases.__init__(self, redis, keys, waiter=waiter, picture_ttl=picture_ttl)
