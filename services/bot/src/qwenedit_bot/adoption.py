"""Updates that a bot of version 0.1 left behind in its stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import structlog
from redis.exceptions import ResponseError

from qwenedit_bot.updates import decoded, lane_of, sender_of

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.inbox import Inbox
    from qwenedit_bot.keys import BotKeys

AT_ONCE = 100

log = structlog.get_logger(__name__)


async def adopt(redis: Redis, keys: BotKeys, inbox: Inbox) -> int:
    """Put them into the lanes, oldest first; returns how many. May be repeated, and by several replicas at once."""
    adopted = 0
    while entries := await _some(redis, keys.updates_before):
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


async def _some(redis: Redis, stream: str) -> list[tuple[str, dict[str, str]]]:
    try:
        return cast("list[tuple[str, dict[str, str]]]", await redis.xrange(stream, count=AT_ONCE))
    except ResponseError:  # another program's key
        return []
