"""Answers that could not be given: the person blocked the bot, or it may not write in the group."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.common.retention import PersonalData

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_jobs import Events, JobQueue

MOST = 100
"""Answers of a chat that are kept for its return."""
KEPT = 30 * 86_400
"""Seconds for which they are kept. After that the message of such a job stays as it was when the chat was left."""
JUST_NOW = 30
"""Seconds within which an answer that fails may have been tried before the chat came back."""

_RETURNED = "returned"

log = structlog.get_logger(__name__)


class UndeliveredAnswers:
    """Remembers them, and has them given when the bot may write in the chat again.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
        queue: Knows the jobs.
        events: Take the answers that are given again.
        wake: Set when there are any.
    """

    def __init__(self, redis: Redis, keys: BotKeys, *, queue: JobQueue, events: Events, wake: asyncio.Event) -> None:
        self._redis = redis
        self._keys = keys
        self._queue = queue
        self._events = events
        self._wake = wake
        what = "answers for a chat in which the bot may not write, as ids of jobs"
        self.personal_data = (PersonalData(what=what, keys=("undelivered",), seconds=KEPT),)

    async def note(self, chat_id: int, job_id: str, message_id: int) -> None:
        """Keep an answer for later; of very many only the first ones.

        Args:
            chat_id: Where it could not be given.
            job_id: The job.
            message_id: The job's message, which says how far the job was when the chat was left.
        """
        key = self._keys.undelivered(chat_id)
        if int(await self._redis.scard(key)) < MOST:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.sadd(key, f"{job_id}:{message_id}")
            pipeline.expire(key, KEPT)
            await pipeline.execute()
        # The chat may have come back after the answer was refused, and before it was noted.
        if await self._redis.getdel(self._keys.occasion(chat_id, _RETURNED)):
            await self.returned(chat_id)

    async def forget(self, user_id: int) -> None:
        """Forget the answers for a user's private chat."""
        await self._redis.unlink(self._keys.undelivered(user_id))

    async def forget_job(self, chat_id: int, job_id: str) -> None:
        """Forget the answer to one job."""
        key = self._keys.undelivered(chat_id)
        members = [str(member) for member in await self._redis.smembers(key)]
        theirs = [member for member in members if member.partition(":")[0] == job_id]
        if theirs:
            await self._redis.srem(key, *theirs)

    async def migrated(self, old: int, new: int) -> None:
        """Keep under the id of a supergroup what was kept for the group that it was."""
        if await self._redis.exists(self._keys.undelivered(old)):
            key = self._keys.undelivered(new)
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.sunionstore(key, [key, self._keys.undelivered(old)])
            pipeline.expire(key, KEPT)
            pipeline.unlink(self._keys.undelivered(old))
            await pipeline.execute()

    async def came_back(self, chat_id: int) -> list[int]:
        """Have all that is kept for a chat answered: the bot may write there again.

        Returns:
            The messages of jobs that are forgotten by now: nothing else would ever change them. They are kept until
            `settled`.
        """
        await self._redis.set(self._keys.occasion(chat_id, _RETURNED), 1, ex=JUST_NOW)
        return await self.returned(chat_id)

    async def returned(self, chat_id: int) -> list[int]:
        """Have what is kept for a chat answered; returns the messages of jobs that are forgotten."""
        return await self._resend(chat_id, await self._redis.smembers(self._keys.undelivered(chat_id)))

    async def one_more(self, chat_id: int) -> None:
        """Have one of the answers that are kept for a chat given: another one has just got through there.

        Telegram does not tell a bot that an admin lets all members write again. Each answer that gets through brings
        one that is kept, so those that are refused once more are few.
        """
        with suppress(RedisError):  # that answer is given, and the next one brings another
            kept = await self._redis.srandmember(self._keys.undelivered(chat_id))
            if kept is not None:
                await self._resend(chat_id, [kept])

    async def _resend(self, chat_id: int, members: Iterable[object]) -> list[int]:
        answered, forgotten = list[str](), list[int]()
        for member in map(str, members):
            job_id, _, message_id = member.partition(":")
            status = await self._queue.status(job_id)
            if status is None and message_id:
                forgotten.append(int(message_id))
                continue
            if status is not None and status.state.final:
                await self._events.again(job_id, status.state, chat_id=chat_id)
            answered.append(member)
        if answered:
            await self._redis.srem(self._keys.undelivered(chat_id), *answered)
            self._wake.set()
            log.info("answers.resent", answers=len(answered))
        return forgotten

    async def settled(self, chat_id: int, message_ids: Sequence[int]) -> None:
        """Drop messages that `came_back` returned."""
        key = self._keys.undelivered(chat_id)
        members = [str(member) for member in await self._redis.smembers(key)]
        theirs = [member for member in members if member.partition(":")[2] in map(str, message_ids)]
        if theirs:
            await self._redis.srem(key, *theirs)
