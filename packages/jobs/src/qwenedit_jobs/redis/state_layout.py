"""The number of the layout of what Redis holds, which a start compares with its own.

The layout is the set of keys and what is in them. Versions with the same number may be upgraded, rolled back, and run
beside each other. The number grows if older versions can't read what is written; they refuse to start then.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError

from qwenedit_jobs.errors import StateTooNewError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

LAYOUT = 2
"""What this version writes, and the newest that it reads."""
FIELD = "layout"


async def check_layout(redis: Redis, keys: Keys) -> None:
    """Compare the layout in Redis with this version's.

    Raises:
        StateTooNewError: A newer version has written to this Redis.
        RedisError: Redis is away.
    """
    try:
        [found] = await redis.hmget(keys.layout, [FIELD])
    except NoPermissionError:  # a worker whose user, in a Redis of the operator's own, may not look
        return
    if int(found or 0) > LAYOUT:
        raise StateTooNewError(found=int(found or 0), own=LAYOUT, version=version("qwenedit-jobs"))


async def note_layout(redis: Redis, keys: Keys) -> None:
    """Write down this version's layout, after `check_layout`.

    Raises:
        RedisError: Redis is away, or full.
    """
    await redis.hset(keys.layout, FIELD, str(LAYOUT))
