"""Deletes everything about a user. A job that is being worked on is stopped first, and deleted when it has ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import OutOfMemoryError

from qwenedit_bot.chat.errors import LaterError
from qwenedit_jobs import input_ref
from qwenedit_jobs.model import MAX_PICTURES, Cancelled

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.admin.broadcast import Broadcasts
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.keys import BotKeys
    from qwenedit_bot.payments.accounts import Accounts
    from qwenedit_jobs import PictureStore, Status
    from qwenedit_jobs.queue.operator_queue import OperatorQueue

TICK = 1.0
"""Seconds between two looks whether what was stopped has ended."""
SCANNED_AT_ONCE = 1_000
EVERY = 10.0
"""Seconds between two wishes of one user: each takes a look at every key, and anybody may press the button."""

log = structlog.get_logger(__name__)


class Forgetting:
    """Forgets users. What must stay is for `/forget` to say: a ban, what was paid, how much of today is used.

    Args:
        redis: A client that decodes replies.
        keys: Names of the bot's keys.
        queue: Has the jobs.
        store: Has their pictures.
        accounts: Have what they cost.
        replies: Know which messages were answered.
        broadcasts: Know who uses the bot.
    """

    def __init__(
        self,
        redis: Redis,
        keys: BotKeys,
        *,
        queue: OperatorQueue,
        store: PictureStore,
        accounts: Accounts,
        replies: Replies,
        broadcasts: Broadcasts,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._queue = queue
        self._store = store
        self._accounts = accounts
        self._replies = replies
        self._broadcasts = broadcasts

    async def take_turn(self, user_id: int, press: str) -> None:
        """Let one wish of a user pass in `EVERY` seconds, however often its press is handled.

        Raises:
            LaterError: another press of theirs passed a moment ago.
        """
        key = self._keys.forgot(user_id)
        try:
            await self._redis.set(key, press, nx=True, px=round(EVERY * 1000))
        except OutOfMemoryError:  # deleting is what helps then
            return
        passed, left = await self._redis.get(key), await self._redis.pttl(key)
        if passed is not None and passed != press:
            raise LaterError(max(left, 0) / 1000, "forget")

    async def forget(self, user_id: int) -> bool:
        """Forget a user; may be repeated. False while jobs of theirs are being stopped: `tick` forgets these."""
        ids = await self._queue.ids_of(user_id)
        jobs = await self._queue.statuses(ids)
        for job_id in set(ids) - {status.job.id for status in jobs}:
            await self._queue.erase_unreadable(job_id)  # of another version: nobody here could answer it
        if jobs:  # before anything else: whatever crashes, these are forgotten
            await self._redis.sadd(self._keys.forgetting, *(status.job.id for status in jobs))
        for status in jobs:
            ended = await self._queue.cancel(status.job.id)
            if ended is Cancelled.FAILED or (ended is Cancelled.CANCELLED and status.attempt == 0):
                await self._accounts.give_back(user_id, status.job.id)  # as its answer would have
        await self._accounts.forget(user_id)
        await self._broadcasts.forget(user_id)
        await self._redis.unlink(self._keys.language(user_id), *await self._keys_about(user_id))
        self._replies.forget(user_id)
        left = [status for status in jobs if not await self._forget_job(status)]
        log.info("user.forgotten", jobs=len(jobs), being_stopped=len(left))
        return not left

    async def tick(self) -> None:
        """Forget the jobs that have ended meanwhile."""
        ids = [str(job_id) for job_id in await self._redis.smembers(self._keys.forgetting)]
        if not ids:
            return
        known = {status.job.id: status for status in await self._queue.statuses(ids)}
        for job_id in ids:
            status = known.get(job_id)
            if status is None:
                await self._redis.srem(self._keys.forgetting, job_id)
            elif status.state.final:
                await self._forget_job(status)
            else:
                await self._queue.cancel(job_id)

    async def _forget_job(self, status: Status) -> bool:
        """Forget a job with its pictures, unless it still runs or its answer is on its way: that comes first."""
        job = status.job
        if not await self._queue.was_answered(job.id):
            return False
        await self._store.delete(*(input_ref(job.id, number) for number in range(MAX_PICTURES)))
        if status.result is not None:
            await self._store.delete(status.result.picture)
        await self._redis.unlink(self._keys.withheld(job.id))
        if job.reply is not None:
            reply = job.reply
            message = (reply.chat_id, reply.source_message_id, reply.discriminator)
            await self._redis.unlink(self._keys.reply(*message), self._keys.said(*message))
        if not await self._queue.forget(job.id):
            return False
        await self._redis.srem(self._keys.forgetting, job.id)
        return True

    async def _keys_about(self, user_id: int) -> list[str]:
        """Find the keys whose names say that they are a user's, which takes a look at every key."""
        about = re.compile(self._keys.pattern_of(user_id))
        keys = self._redis.scan_iter(f"{self._keys.prefix}:*:{user_id}*", count=SCANNED_AT_ONCE)
        return [str(key) async for key in keys if about.fullmatch(str(key))]
