"""Updates that a bot of version 0.1 left behind in its stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import structlog
from redis.exceptions import ResponseError

from qwenedit_bot.inbox.updates import decoded, lane_of, sender_of

if TYPE_CHECKING:
    import asyncio

    from redis.asyncio import Redis

    from qwenedit_bot.inbox.inbox import Inbox
    from qwenedit_bot.keys import BotKeys

AT_ONCE = 100
LOOK_EVERY = 60.0
"""Seconds between two looks."""
SETTLED = 120.0
"""Seconds after which an update counts as left behind where others may still work on it; see `adopt`."""

log = structlog.get_logger(__name__)


async def adopt(redis: Redis, keys: BotKeys, inbox: Inbox, *, settled: float) -> int:
    """Put them into the lanes, oldest first; returns how many. May be repeated, and by several replicas at once.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
        inbox: Has the lanes.
        settled: Seconds after which an entry counts as left behind: in a rollout of replicas that receive by webhook,
            those of version 0.1 still work on theirs.
    """
    adopted = 0
    seconds, _microseconds = await redis.time()
    youngest = f"{(seconds - settled) * 1000:.0f}"
    while entries := await _some(redis, keys.updates_before, youngest):
        for entry, fields in entries:
            payload = fields.get("update", "")
            try:
                raw = decoded(payload)
            except ValueError:
                raw = {}  # for the operator to see, as every entry that nobody can read
            await inbox.lanes.put(lane_of(raw), entry, payload, sender=str(sender_of(raw)))
            await redis.xdel(keys.updates_before, entry)
            adopted += 1
    if adopted:
        log.info("updates.adopted", updates=adopted)
    return adopted


async def _some(redis: Redis, stream: str, youngest: str) -> list[tuple[str, dict[str, str]]]:
    try:
        return cast("list[tuple[str, dict[str, str]]]", await redis.xrange(stream, max=youngest, count=AT_ONCE))
    except ResponseError:  # another program's key
        return []


class Adoption:
    """Looks for them again and again.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
        inbox: Has the lanes.
        wake: Set when there were any.
        alone: No other replica runs, so all that is there was left behind.
    """

    def __init__(self, redis: Redis, keys: BotKeys, inbox: Inbox, *, wake: asyncio.Event, alone: bool) -> None:
        self._redis = redis
        self._keys = keys
        self._inbox = inbox
        self._wake = wake
        self._settled = 0.0 if alone else SETTLED

    async def tick(self) -> None:
        """Look once."""
        if await adopt(self._redis, self._keys, self._inbox, settled=self._settled):
            self._wake.set()
