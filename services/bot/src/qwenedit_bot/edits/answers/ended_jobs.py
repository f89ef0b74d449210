"""Moves the ends of jobs from the workers' stream into the lanes of the chats that wait for an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.common.waiting import pause, unless
from qwenedit_jobs.backoff import Backoff

if TYPE_CHECKING:
    import asyncio

    from qwenedit_jobs import Events

BLOCK = 5.0
"""Seconds that one look waits for the first end."""

log = structlog.get_logger(__name__)


async def bring(events: Events, wake: asyncio.Event, stop: asyncio.Event) -> None:
    """Move each end as it comes, and set `wake` when there is something to answer, until the wish to stop comes."""
    backoff, ended = Backoff(), True
    while not stop.is_set():
        try:
            if ended and await events.drain():
                wake.set()
            ended = await unless(stop, events.wait(BLOCK)) or False
        except RedisError as error:
            ended = True  # maybe more than Redis lets anybody read, which `drain` drops
            wait = backoff.next()
            if wait > 0:
                log.warning("answers.redis_unavailable", error=type(error).__name__, next_in=round(wait, 1))
            await pause(stop, wait)
        else:
            backoff.reset()
