"""Checks that what Redis holds was written by a version whose state this one reads.

A layout is the set of keys and what is in them. Redis holds the number of the layout, the oldest layout whose versions
also read it, and the version that wrote that down. Versions of one layout may be upgraded, rolled back and run beside
each other. New fields that older versions ignore, and new keys that they do not need, make no new layout.

Layout 1 noted no number. Updates waited in one stream then, which no later version reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError, ResponseError

from qwenedit_jobs.errors import StateTooNewError, StateTooOldError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

LAYOUT = 2
"""What this version writes."""
READABLE_FROM = 2
"""The oldest layout whose versions also read that: to them a rollback is possible."""
VERSION = version("qwenedit-jobs")
_SCANNED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class StateLayout:
    """What Redis holds."""

    layout: int | None
    """None: it does not say, as a new Redis or one that a version of layout 2 used before numbers were noted."""
    readable_from: int
    version: str
    """Which noted it; empty where none did."""


async def check_layout(redis: Redis, keys: Keys) -> StateLayout:
    """Find out whether this version reads what Redis holds. Nothing is changed.

    Raises:
        StateTooOldError: it does not: messages wait there that this version would leave unanswered.
        StateTooNewError: it does not, since a newer version has used this Redis.
        RedisError: Redis is away.
    """
    found = await _noted(redis, keys)
    if found.readable_from > LAYOUT:
        raise StateTooNewError(layout=found.layout or 0, version=found.version, own_layout=LAYOUT, own_version=VERSION)
    if waiting := await _left_by_layout_1(redis, keys):
        raise StateTooOldError(layout=1, waiting=waiting, own_layout=LAYOUT, own_version=VERSION)
    return found


async def note_layout(redis: Redis, keys: Keys, found: StateLayout) -> None:
    """Write down what this version writes, unless a newer one has said so already."""
    if found.layout is None or found.layout < LAYOUT:
        await redis.hset(keys.layout, mapping={"layout": LAYOUT, "readable_from": READABLE_FROM, "version": VERSION})


async def check_noted_layout(redis: Redis, keys: Keys) -> None:
    """Check as `check_layout` does, for a part whose Redis user may not look at messages, or not at the number either.

    Raises:
        StateTooNewError: a newer version has used this Redis.
        RedisError: Redis is away.
    """
    try:
        found = await _noted(redis, keys)
    except NoPermissionError:  # the Redis of the release before still knows its own keys alone
        return
    if found.readable_from > LAYOUT:
        raise StateTooNewError(layout=found.layout or 0, version=found.version, own_layout=LAYOUT, own_version=VERSION)


async def _noted(redis: Redis, keys: Keys) -> StateLayout:
    layout, readable_from, noted_by = await redis.hmget(keys.layout, ["layout", "readable_from", "version"])
    return StateLayout(int(layout) if layout else None, int(readable_from or 0), str(noted_by or ""))


async def _left_by_layout_1(redis: Redis, keys: Keys) -> int:
    """Count the messages, and the albums, that were not handled when the last bot of layout 1 ended.

    It is asked at each start: a rollback to layout 1 leaves the note of a later one.
    """
    waiting = 0
    try:
        if await redis.exists(keys.updates_of_layout_1):
            waiting += int(await redis.xlen(keys.updates_of_layout_1))
            async for albums in redis.scan_iter(match=keys.albums_of_layout_1, count=_SCANNED_AT_ONCE, _type="zset"):
                waiting += int(await redis.zcard(albums))
    except ResponseError:  # something else lies there, or this Redis user may not look
        return waiting
    return waiting
