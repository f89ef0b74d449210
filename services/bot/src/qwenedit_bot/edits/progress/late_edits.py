"""Remembers jobs whose last progress edit may arrive after the answer, which is then written again.

A job may end while an edit of its progress is on the way, and Telegram may take that edit last. Its reply may be
lost, or the leading replica killed before it could look. So a job is noted in Redis before its progress is drawn.
When such a job is answered, the answer is written once more.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from redis.exceptions import OutOfMemoryError

from qwenedit_bot.edits.progress.reading import in_parts

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_jobs import Events, JobQueue, Status

LOOKED_AT = 100
"""Jobs that are looked at in a tick, or somewhat more."""


class LateEdits:
    """Remembers whose progress is being drawn, for all replicas.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
        queue: Knows the jobs.
        events: Take the answers that are to be redrawn.
        wake: Set when there are any.
    """

    def __init__(self, redis: Redis, keys: BotKeys, *, queue: JobQueue, events: Events, wake: asyncio.Event) -> None:
        self._redis = redis
        self._key = keys.drawing
        self._queue = queue
        self._events = events
        self._wake = wake
        self._looked_to = 0

    async def begin(self, job_ids: Iterable[str]) -> None:
        """Note the jobs whose progress is drawn next; in a full Redis it is drawn all the same."""
        ids = list(job_ids)
        if ids:
            with suppress(OutOfMemoryError):
                await self._redis.sadd(self._key, *ids)

    async def settle(self, job_id: str) -> None:
        """Look at a job whose progress Telegram has taken, or surely not taken: later edits come after that one."""
        status = await self._queue.status(job_id)
        if status is None or not status.state.final or await self._redrawn(status):
            await self._redis.srem(self._key, job_id)

    async def look(self) -> None:
        """Look at jobs of which nobody knows what became of their progress: at all where these are few.

        While Telegram is away they become as many as the line is long, and each look goes on where the last one ended.
        """
        self._looked_to, found = await self._redis.sscan(self._key, self._looked_to, count=LOOKED_AT)
        async for ids, statuses in in_parts(self._queue, [str(job_id) for job_id in found]):
            known = {status.job.id: status for status in statuses}
            settled = [job_id for job_id in ids if (status := known.get(job_id)) is None or await self._redrawn(status)]
            if settled:
                await self._redis.srem(self._key, *settled)

    async def _redrawn(self, status: Status) -> bool:
        """Have a finished job's last words said again, once it is answered; False while it is not."""
        reply = status.job.reply
        if not status.state.final or not status.answered or reply is None:
            return reply is None
        await self._events.again(status.job.id, status.state, chat_id=reply.chat_id, redraw=True)
        self._wake.set()
        return True
