"""The layout of what Redis holds, and the bot whose state it is: a start compares both with its own.

The layout is the set of keys and what is in them. Versions with the same number may be upgraded, rolled back, and run
beside each other. The number grows if older versions can't read what is written; they refuse to start then.
The bot is its Telegram id, which stays the same when @BotFather gives out another token for it.
"""

from __future__ import annotations

from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError, OutOfMemoryError

from qwenedit_jobs.errors import AnotherBotError, StateTooNewError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

LAYOUT = 2
"""What this version writes, and the newest that it reads."""
FIELD, BOT = "layout", "bot"


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


async def claim_state(redis: Redis, keys: Keys, *, bot_id: int) -> None:
    """Write down this version's layout and whose state this is, after `check_layout`. A full Redis refuses that.

    Raises:
        AnotherBotError: Another bot's state lies under this prefix.
        RedisError: Redis is away.
    """
    owner = await redis.hget(keys.layout, BOT)
    with suppress(OutOfMemoryError):  # the next start writes it
        if owner is None:
            await redis.hsetnx(keys.layout, BOT, str(bot_id))
            owner = await redis.hget(keys.layout, BOT)  # another bot may start at the same moment
        if owner == str(bot_id):
            await redis.hset(keys.layout, FIELD, str(LAYOUT))
    if owner not in {None, str(bot_id)}:
        raise AnotherBotError(owner=str(owner), bot_id=bot_id, prefix=keys.prefix)


async def forget_bot(redis: Redis, keys: Keys) -> str | None:
    """Let the next bot that starts have this state, whichever it is; returns the id of the one that had it."""
    owner = await redis.hget(keys.layout, BOT)
    await redis.hdel(keys.layout, BOT)
    return None if owner is None else str(owner)
