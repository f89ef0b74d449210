"""Answers that could not be given: the person blocked the bot, or it may not write in the group."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.common.retention import PersonalData
from qwenedit_jobs import Gone

if TYPE_CHECKING:
    import asyncio

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_jobs import Events, JobQueue, ReplyTo

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

    async def note(self, reply: ReplyTo, job_id: str, message_id: int) -> None:
        """Keep an answer for later; of very many only the first ones.

        Args:
            reply: Where it could not be given.
            job_id: The job.
            message_id: The job's message, which says how far the job was when the chat was left.
        """
        key = self._keys.undelivered(reply.chat_id)
        if int(await self._redis.scard(key)) < MOST:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.sadd(key, f"{job_id}:{message_id}")
            pipeline.expire(key, KEPT)
            await pipeline.execute()
        # The chat may have come back after the answer was refused, and before it was noted.
        if await self._redis.getdel(self._keys.occasion(reply.chat_id, _RETURNED)):
            await self._give_all(reply.chat_id, reply.language)

    async def forget(self, user_id: int) -> None:
        """Forget the answers for a user's private chat."""
        await self._redis.unlink(self._keys.undelivered(user_id))

    async def forget_job(self, chat_id: int, job_id: str) -> None:
        """Forget the answer to one job."""
        key = self._keys.undelivered(chat_id)
        theirs = [member for member in await self._kept(chat_id) if member.partition(":")[0] == job_id]
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

    async def came_back(self, chat_id: int, language: str) -> None:
        """Have all that is kept for a chat given: the bot may write there again.

        Args:
            chat_id: The chat.
            language: In which to say of forgotten jobs that their pictures are gone.
        """
        await self._redis.set(self._keys.occasion(chat_id, _RETURNED), 1, ex=JUST_NOW)
        await self._give_all(chat_id, language)

    async def _give_all(self, chat_id: int, language: str) -> None:
        for member in await self._kept(chat_id):
            await self._give(Gone(chat_id, language), member)

    async def one_more(self, chat_id: int, language: str) -> None:
        """Have one of the answers that are kept for a chat given: another one has just got through there.

        Telegram does not tell a bot that an admin lets all members write again. Each answer that gets through brings
        one that is kept, so those that are refused once more are few.
        """
        with suppress(RedisError):  # the answer before it is given, and the next one brings another
            kept = await self._redis.srandmember(self._keys.undelivered(chat_id))
            if kept is not None:
                await self._give(Gone(chat_id, language), str(kept))

    async def message_of(self, chat_id: int, job_id: str) -> int | None:
        """Return the message of a job whose answer is kept for a chat; None where none is."""
        for member in await self._kept(chat_id):
            kept, _, message_id = member.partition(":")
            if kept == job_id and message_id.isdecimal():
                return int(message_id)
        return None

    async def _kept(self, chat_id: int) -> list[str]:
        return [str(member) for member in await self._redis.smembers(self._keys.undelivered(chat_id))]

    async def _give(self, gone: Gone, member: str) -> None:
        """Have an answer given, or said that it is gone: that is kept until it is said."""
        job_id = member.partition(":")[0]
        status = await self._queue.status(job_id)
        if status is None:
            await self._events.gone(job_id, gone)
        else:
            if status.state.final:
                await self._events.again(job_id, status.state, chat_id=gone.chat_id)
            await self._redis.srem(self._keys.undelivered(gone.chat_id), member)
        self._wake.set()
        log.info("answers.resent", job=job_id, gone=status is None)
