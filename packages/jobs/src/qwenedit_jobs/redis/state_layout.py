"""The layout of what Redis holds, and the bot whose state it is: a start compares both with its own.

The layout is the set of keys and what is in them. Versions with the same number may be upgraded, rolled back, and run
beside each other. The number grows if older versions can't read what is written; they refuse to start then.
The bot is its Telegram id, which stays the same when @BotFather gives out another token for it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import structlog
from redis.exceptions import NoPermissionError, OutOfMemoryError

from qwenedit_jobs import durations
from qwenedit_jobs.errors import AnotherBotError, StateTooNewError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

LAYOUT = 2
"""What this version writes, and the newest that it reads."""
FIELD, BOT, NOTED = "layout", "bot", "noted"
"""Fields: the layout, whose it is, and when its bot last wrote here."""
RECORDED, UNRECORDED = "recorded", "unrecorded_until"
"""Fields: the same as `NOTED`, unless a release that kept no record of accepted jobs has written there since; and until
when its jobs are answered all the same. Scripts read both."""

log = structlog.get_logger(__name__)


async def check_layout(redis: Redis, keys: Keys) -> None:
    """Compare the layout in Redis with this version's.

    Raises:
        StateTooNewError: A newer version has written to this Redis.
        RedisError: Redis is down.
    """
    try:
        [layout] = await redis.hmget(keys.layout, [FIELD])
    except NoPermissionError:  # a worker whose user, in a Redis of the operator's own, may not look
        return
    if int(layout or 0) > LAYOUT:
        raise StateTooNewError(found=int(layout or 0), own=LAYOUT, version=version("qwenedit-jobs"))


async def claim_state(redis: Redis, keys: Keys, *, bot_id: int) -> None:
    """Write down this version's layout and whose state this is, after `check_layout`. A full Redis refuses that.

    Raises:
        AnotherBotError: Another bot's state lies under this prefix.
        RedisError: Redis is down.
    """
    owner = await redis.hget(keys.layout, BOT)
    with suppress(OutOfMemoryError):  # the next start writes it
        if owner is None:
            await redis.hset(keys.layout, mapping=dict.fromkeys((NOTED, RECORDED), "0"))
            await redis.hsetnx(keys.layout, BOT, str(bot_id))
            owner = await redis.hget(keys.layout, BOT)  # another bot may start at the same moment
        if owner == str(bot_id):
            await redis.hset(keys.layout, FIELD, str(LAYOUT))
    if owner not in {None, str(bot_id)}:
        raise AnotherBotError(owner=str(owner), bot_id=bot_id, prefix=keys.prefix)


@dataclass(eq=False)
class StateWatch:
    """Notices that Redis has lost what it had: it came back empty, or with older data.

    Args:
        redis: A client.
        keys: The installation's key names.
        bot_id: Whose state this is, as in `claim_state`.
    """

    redis: Redis
    keys: Keys
    bot_id: int
    _noted: float = 0.0
    _lost: float = 0.0
    """When a loss was last logged; 0 if there was none."""

    async def tick(self) -> None:
        """Compare the note of the last round with what Redis has, and log a loss again and again.

        Raises:
            AnotherBotError: Another bot has claimed the prefix.
            RedisError: Redis is down.
        """
        layout, noted, recorded = await self.redis.hmget(self.keys.layout, [FIELD, NOTED, RECORDED])
        with suppress(OutOfMemoryError):
            lost = self._noted and (layout is None or float(noted or 0) < self._noted - durations.STATE_LOSS)
            if lost or (self._lost and time.time() - self._lost > durations.LOG):
                self._lost = time.time()
                log.error("redis.lost_data", reason="it is another one, empty or older: what users had is gone")
                await claim_state(self.redis, self.keys, bot_id=self.bot_id)
            self._noted = time.time()
            fields: dict[Any, Any] = dict.fromkeys((NOTED, RECORDED), str(round(self._noted)))
            if recorded is None or recorded != noted:
                fields[UNRECORDED] = str(round(self._noted) + durations.ANSWERED_JOB)
            await self.redis.hset(self.keys.layout, mapping=fields)


async def forget_bot(redis: Redis, keys: Keys) -> str | None:
    """Let the next bot that starts have this state, whichever it is; returns the id of the one that had it."""
    owner = await redis.hget(keys.layout, BOT)
    await redis.hdel(keys.layout, BOT)
    return None if owner is None else str(owner)
