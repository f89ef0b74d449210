"""Answers that could not be given: the person blocked the bot, or it may not write in the group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.common.retention import PersonalData

if TYPE_CHECKING:
    import asyncio

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_jobs import Events, JobQueue

MOST = 100
"""Answers of a chat that are kept for its return."""

log = structlog.get_logger(__name__)


class UndeliveredAnswers:
    """Remembers them, and has them given when the bot may write in the chat again.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
        queue: Knows the jobs.
        events: Take the answers that are given again.
        wake: Set when there are any.
        keep: Seconds, as long as pictures are kept.
    """

    def __init__(
        self, redis: Redis, keys: BotKeys, *, queue: JobQueue, events: Events, wake: asyncio.Event, keep: int
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._queue = queue
        self._events = events
        self._wake = wake
        self._keep = keep
        what = "answers for a chat in which the bot may not write, as ids of jobs"
        self.personal_data = (PersonalData(what=what, keys=("undelivered",), seconds=keep, until="`PICTURE_TTL`"),)

    async def note(self, chat_id: int, job_id: str) -> None:
        """Keep an answer for later; of very many only the first ones."""
        key = self._keys.undelivered(chat_id)
        if int(await self._redis.scard(key)) < MOST:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.sadd(key, job_id)
            pipeline.expire(key, self._keep)
            await pipeline.execute()

    async def forget(self, user_id: int) -> None:
        """Forget the answers for a user's private chat."""
        await self._redis.unlink(self._keys.undelivered(user_id))

    async def forget_job(self, chat_id: int, job_id: str) -> None:
        """Forget the answer to one job."""
        await self._redis.srem(self._keys.undelivered(chat_id), job_id)

    async def migrated(self, old: int, new: int) -> None:
        """Keep under the id of a supergroup what was kept for the group that it was."""
        if await self._redis.exists(self._keys.undelivered(old)):
            key = self._keys.undelivered(new)
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.sunionstore(key, [key, self._keys.undelivered(old)])
            pipeline.expire(key, self._keep)
            pipeline.unlink(self._keys.undelivered(old))
            await pipeline.execute()

    async def returned(self, chat_id: int) -> None:
        """Have all that is kept for a chat answered: the bot may write there again."""
        key = self._keys.undelivered(chat_id)
        jobs = [str(job_id) for job_id in await self._redis.smembers(key)]
        for job_id in jobs:
            status = await self._queue.status(job_id)
            if status is not None and status.state.final:
                await self._events.again(job_id, status.state, chat_id=chat_id)
        if jobs:
            await self._redis.unlink(key)
            self._wake.set()
            log.info("answers.resent", answers=len(jobs))
