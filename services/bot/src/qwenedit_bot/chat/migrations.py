"""Groups that became supergroups: Telegram gives such a group another id, and refuses the old one for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

REMEMBERED = 365 * 86_400
"""Seconds since the last use: a chat's old id stands in jobs and replies of the last days, and Telegram tells again."""
LARGEST_GROUP = 1_000_000_000_000
"""Ids of basic groups are negative and above minus this; those of supergroups are below (https://core.telegram.org/api/bots/ids)."""
CONTINUED = 1 << 33
"""Added to the number of a message in the supergroup where it is told to callers that know the group by its old id.

Numbers begin anew in a supergroup: the same one may belong to a message of the old group. Telegram's own are smaller.
"""

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

    async def place(self, chat_id: int, message_id: int) -> tuple[int, int] | None:
        """Return the chat and number of one of the bot's messages now; None where it stayed behind in a group."""
        now = await self.current(chat_id)
        if message_id >= CONTINUED:
            return None if now == chat_id else (now, message_id - CONTINUED)
        return (chat_id, message_id) if now == chat_id else None

    async def migrated(self, old: int, new: int) -> None:
        """Remember that a group goes on as a supergroup."""
        if not -LARGEST_GROUP < old < 0 or new == old:
            return
        await self._redis.set(self._keys.migrated(old), new, ex=REMEMBERED)
        log.info("chat.migrated")
