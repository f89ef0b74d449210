"""Writes updates and jobs into Redis again that Redis lost with its last second.

A Redis that restarts from its append-only file may lack the last second, and a replica that takes the master's place
the last moments. Missing are then updates that Telegram was told we have, jobs that users saw accepted, and notes of
answers. Only the end of the history is lost, nothing in its middle.

So an update whose id Redis still knows is in its lane, or done. An update that Redis does not know is taken again.
All that came of it comes again: the same job under the same id, answered in the same message. A job whose completion
was lost runs again. Its answer is not given twice, since this process knows that it was given.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from qwenedit_jobs.redis.server_identity import identity

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.common.redis_loss import RedisUptimeClock
    from qwenedit_bot.inbox.inbox import Inbox

LOOK_EVERY = 1.0
"""Seconds between two looks at who Redis is."""
AFTER_YOU = 2.0
"""Seconds in which every replica gives back which of the users' messages it has answered, before any of them has
updates handled again."""

log = structlog.get_logger(__name__)


class RedisRestore:
    """Notices that Redis is another process than it was, and gives back what this replica remembers.

    Args:
        redis: Asked who it is.
        replies: Which messages of users were answered by which of ours.
        updates: What was received.
        metrics: Counts what was given back.
        clock: By which what is remembered grows old: not while Redis is away.
        pause: Seconds; see `AFTER_YOU`.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        replies: Replies,
        updates: Inbox,
        metrics: BotMetrics,
        clock: RedisUptimeClock,
        pause: float = AFTER_YOU,
    ) -> None:
        self._redis = redis
        self._replies = replies
        self._updates = updates
        self._metrics = metrics
        self._clock = clock
        self._pause = pause
        self._known: str | None = None

    async def tick(self) -> None:
        """Look once.

        Raises:
            RedisError: Redis is away; what is to be given back is given back by the next tick.
        """
        with self._clock.stopped_by(RedisError):
            now = await identity(self._redis)
        if self._known not in (None, now):
            replies = await self._replies.give_back()
            await asyncio.sleep(self._pause)
            updates = await self._updates.take_again()
            self._metrics.recalled.inc(updates)
            log.warning("redis.replaced", updates_lost=updates, replies_lost=replies)
        self._known = now
