"""Groups that became supergroups: Telegram gives such a group another id, and refuses the old one for ever."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.chat.messenger import Source
    from qwenedit_bot.common.keys import BotKeys

REMEMBERED = 365 * 86_400
"""Seconds since the last use: a chat's old id stands in jobs and replies of the last days, and Telegram tells again."""
LARGEST_GROUP = 1_000_000_000_000
"""Ids of basic groups are negative and above minus this; those of supergroups are below (https://core.telegram.org/api/bots/ids)."""

log = structlog.get_logger(__name__)


class Migrations:
    """Knows where groups have gone.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
    """

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys

    async def current(self, chat_id: int) -> int:
        """Return the chat in which to go on: mostly the same.

        Raises:
            RedisError: Redis does not say.
        """
        if not -LARGEST_GROUP < chat_id < 0:
            return chat_id
        known = await self._redis.getex(self._keys.migrated(chat_id), ex=REMEMBERED)
        return chat_id if known is None else int(known)

    async def followed(self, to: Source) -> Source:
        """Return a message to answer, in the supergroup if its group became one."""
        now = await self.current(to.chat_id)
        return to if now == to.chat_id else replace(to, chat_id=now, moved=True)

    async def migrated(self, old: int, new: int) -> bool:
        """Remember that a group goes on as a supergroup; False for a chat that can't."""
        if not -LARGEST_GROUP < old < 0 or new == old:
            return False
        await self._redis.set(self._keys.migrated(old), new, ex=REMEMBERED)
        log.info("chat.migrated")
        return True
