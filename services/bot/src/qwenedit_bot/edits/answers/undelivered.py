"""Answers that could not be given: the person blocked the bot, or it may not write in the group."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.common.retention import PersonalData
from qwenedit_jobs import Gone
from qwenedit_jobs.lanes import Put

if TYPE_CHECKING:
    import asyncio

    from redis.asyncio import Redis

    from qwenedit_bot.chat.migrations import Migrations
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_jobs import Events, JobQueue, ReplyTo

MOST = 100
"""Answers of a chat that are kept for its return."""
KEPT = 30 * 86_400
"""Seconds for which they are kept. After that the message of such a job stays as it was when the chat was left."""
DRAWN = 10
"""Answers of a chat that are looked at to find one that can be given."""
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
        migrations: Know where groups have gone.
        wake: Set when there are any.
    """

    def __init__(
        self,
        redis: Redis,
        keys: BotKeys,
        *,
        queue: JobQueue,
        events: Events,
        migrations: Migrations,
        wake: asyncio.Event,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._migrations = migrations
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
        chat_id = await self._migrations.current(reply.chat_id)
        place = await self._migrations.place(reply.chat_id, message_id)
        kept = await self._kept(chat_id)
        if len(kept) < MOST or _of_job(kept, job_id):
            key = self._keys.undelivered(chat_id)
            pipeline = self._redis.pipeline(transaction=True)
            for member in _of_job(kept, job_id):
                pipeline.srem(key, member)
            pipeline.sadd(key, f"{job_id}:{place[1] if place is not None else ''}")
            pipeline.expire(key, KEPT)
            await pipeline.execute()
        # The chat may have come back after the answer was refused, and before it was noted.
        if await self._redis.getdel(self._keys.occasion(chat_id, _RETURNED)):
            await self._give_all(chat_id, reply.language)

    async def forget(self, user_id: int) -> None:
        """Forget the answers for a user's private chat."""
        await self._redis.unlink(self._keys.undelivered(user_id))

    async def forget_job(self, chat_id: int, job_id: str) -> None:
        """Forget the answer to one job."""
        chat_id = await self._migrations.current(chat_id)
        if theirs := _of_job(await self._kept(chat_id), job_id):
            await self._redis.srem(self._keys.undelivered(chat_id), *theirs)

    async def migrated(self, old: int, new: int) -> None:
        """Keep under the id of a supergroup what was kept for the group that it was; the messages stay behind."""
        if kept := await self._kept(old):
            key = self._keys.undelivered(new)
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.sadd(key, *(f"{_job_of(member)}:" for member in kept))
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
            await self._give_again(chat_id, member)
        await self.one_more(chat_id, language)  # of those that are gone, which then come one after another

    async def one_more(self, chat_id: int, language: str) -> None:
        """Have one of the answers that are kept for a chat given: another one has just got through there.

        Telegram does not tell a bot that an admin lets all members write again. Each answer that gets through brings
        one that is kept, so those that are refused once more are few.
        """
        with suppress(RedisError):  # the answer before it is given, and the next one brings another
            chat_id = await self._migrations.current(chat_id)
            drawn = await self._redis.srandmember(self._keys.undelivered(chat_id), DRAWN)
            for member in map(str, drawn or ()):
                if await self._give_again(chat_id, member) or await self._give_gone(Gone(chat_id, language), member):
                    break

    async def message_of(self, chat_id: int, job_id: str) -> int | None:
        """Return the message of a job whose answer is kept for a chat; None where none is."""
        for member in _of_job(await self._kept(await self._migrations.current(chat_id)), job_id):
            message_id = member.partition(":")[2]
            if message_id.isdecimal():
                return int(message_id)
        return None

    async def _kept(self, chat_id: int) -> list[str]:
        return [str(member) for member in await self._redis.smembers(self._keys.undelivered(chat_id))]

    async def _give_again(self, chat_id: int, member: str) -> bool:
        """Have an answer given; False where its job has none now, or where it is being given: that may be refused."""
        job_id = _job_of(member)
        status = await self._queue.status(job_id)
        if status is None:
            return False
        if status.state.final and await self._events.again(job_id, status.state, chat_id=chat_id) is not Put.PUT:
            return False
        await self._redis.srem(self._keys.undelivered(chat_id), member)
        self._wake.set()
        log.info("answers.resent", job=job_id, gone=False)
        return status.state.final

    async def _give_gone(self, gone: Gone, member: str) -> bool:
        """Have it said that a job is forgotten, and keep that until it is said; False where it is not forgotten."""
        job_id = _job_of(member)
        if await self._queue.exists(job_id) or await self._events.gone(job_id, gone) is not Put.PUT:
            return False
        self._wake.set()
        log.info("answers.resent", job=job_id, gone=True)
        return True


def _job_of(member: str) -> str:
    return member.partition(":")[0]


def _of_job(members: list[str], job_id: str) -> list[str]:
    return [member for member in members if _job_of(member) == job_id]
