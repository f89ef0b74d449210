"""Refuses a request before its pictures are fetched: the queue is full, or its user has no job left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.chat.rate_limit.limits import is_group
from qwenedit_bot.chat.view import View
from qwenedit_bot.edits.requests.request import Refused
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.edits.requests.request import Request
    from qwenedit_bot.payments.quotas import Quota, Quotas
    from qwenedit_bot.texts import Words
    from qwenedit_jobs import JobQueue
    from qwenedit_jobs.queue.queue import Limits

BURST = 10
"""Seconds: refusals that follow each other faster belong together, and only the first is answered."""


class QueueLengthGate:
    """Refuses what the queue would refuse, before anything is fetched or said; a whole burst with one answer.

    Args:
        queue: The queue.
        limits: How much it takes.
        replies: Knows whether this burst was answered.
    """

    def __init__(self, queue: JobQueue, limits: Limits, replies: Replies) -> None:
        self._queue = queue
        self._limits = limits
        self._replies = replies

    async def check(self, request: Request, words: Words) -> Refused | None:
        """Count the line."""
        if await self._queue.count_waiting() >= self._limits.max_queue_length:
            return await once_a_burst(self._replies, request, "queue_full", View(words(Text.QUEUE_FULL)))
        return None

    async def withdraw(self, request: Request) -> None:
        """Nothing was taken."""


class QuotaGate:
    """Counts jobs against what a user may ask for.

    Args:
        quotas: The users' quotas.
        replies: Knows whether this burst was answered.
        for_sale: Whether more can be bought.
    """

    def __init__(self, quotas: Quotas, replies: Replies, *, for_sale: bool = False) -> None:
        self._quotas = quotas
        self._replies = replies
        self._for_sale = for_sale

    async def check(self, request: Request, words: Words) -> Refused | None:
        """Charge the job, unless nothing is left."""
        quota = await self._quotas.charge(request.user_id, request.job_id)
        if quota is None:
            return None
        said = used_up(words, quota, shared=is_group(request.source.chat_id), for_sale=self._for_sale)
        return await once_a_burst(self._replies, request, "daily_limit", View(said))

    async def withdraw(self, request: Request) -> None:
        """Give the job back: it was refused after all."""
        await self._quotas.give_back(request.user_id, request.job_id)


async def once_a_burst(replies: Replies, request: Request, reason: str, view: View) -> Refused:
    """Refuse in words, or silently when the message before was refused so a moment ago."""
    occasion, name = f"{reason}:{request.user_id}", f"{request.source.message_id}:{request.discriminator}"
    speaks = await replies.is_first(request.source.chat_id, occasion, name, seconds=BURST)
    return Refused(reason, view if speaks else None)


def used_up(words: Words, quota: Quota, *, shared: bool, for_sale: bool) -> str:
    """Say that nothing is left today; in a group, where others read it, not how many that were."""
    if shared:
        return words(Text.DAILY_LIMIT_IN_GROUP)
    said = words(Text.DAILY_LIMIT, count=quota.per_day, time=remaining(words, quota.resets_in))
    return f"{said}\n\n{words(Text.BUY_HINT)}" if for_sale else said


def left(words: Words, quota: Quota) -> str:
    """Say how much is left today."""
    said = words(Text.LEFT_TODAY, count=quota.today, time=remaining(words, quota.resets_in))
    return f"{said}\n{words(Text.LEFT_BOUGHT, count=quota.bought)}" if quota.bought else said


def remaining(words: Words, seconds: float) -> str:
    """Tell a duration of up to a day, in hours and minutes."""
    minutes = max(1, round(seconds / 60))
    return words(Text.DURATION, hours=minutes // 60, minutes=minutes % 60)
