"""Has Redis rewrite its append-only file, so that deleted data leaves the disk too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from redis.exceptions import NoPermissionError, ResponseError

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

EVERY = 3_600
"""Seconds between two new files: the longest that a deleted picture, word or account stays on Redis' disk."""
TICK = 60.0
"""Seconds between two looks whether one is due."""

log = structlog.get_logger(__name__)


class DiskErasure:
    """Has Redis write its append-only file anew once an hour, whichever replica leads and however often it restarts.

    By itself Redis does so when the file has doubled, which in a quiet installation is never.

    Args:
        redis: A client that decodes replies.
        keys: Names of the bot's keys.
    """

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._refused = False

    async def tick(self) -> None:
        """Ask for a new file if one is due."""
        if not await self._redis.set(self._keys.erased, 1, nx=True, ex=EVERY):
            return
        try:
            if (await self._redis.info("persistence")).get("aof_enabled"):
                await self._redis.bgrewriteaof()
        except NoPermissionError as error:
            if not self._refused:  # a Redis of others: what it keeps on disk, and for how long, is theirs to say
                log.warning("erasure.not_permitted", error=str(error))
            self._refused = True
        except ResponseError as error:  # it is doing so just now
            log.info("erasure.postponed", error=str(error))
            await self._redis.delete(self._keys.erased)
