"""Forgetting a user: each feature that keeps something of users erases its own."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import OutOfMemoryError

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.common.retention import PersonalData, SearchingDataHolder
from qwenedit_bot.privacy.key_search import KeySearch, fitting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.common.retention import DataHolder

REWRITE_EVERY = 3_600
"""Seconds between two rewrites of Redis' append-only file."""
EVERY = 10.0
"""Seconds between two requests of one user: each scans all keys of Redis, and any user may press the button."""

log = structlog.get_logger(__name__)


async def rewrite_file(redis: Redis) -> None:
    """Have Redis rewrite its append-only file, so that deleted data leaves the disk too.

    By itself Redis does so when the file has doubled, which in a quiet installation is never.
    """
    if (await redis.info("persistence")).get("aof_enabled"):
        await redis.bgrewriteaof()


class UserErasure:
    """Forgets users.

    Args:
        redis: A client that decodes replies.
        keys: Names of the bot's keys.
        holders: Keep something of users. They forget in this order.
    """

    def __init__(self, redis: Redis, keys: BotKeys, holders: Sequence[DataHolder | SearchingDataHolder]) -> None:
        self._redis = redis
        self._keys = keys
        self._search = KeySearch(redis)
        self.holders = tuple(holders)

    @property
    def personal_data(self) -> tuple[PersonalData, ...]:
        """All that is kept of users."""
        stays = "of several requests in that time the first is carried out, the others wait"
        asked = PersonalData(
            what="that a user asked to be forgotten", keys=("forgot",), seconds=round(EVERY), stays=stays
        )
        return (*(data for holder in self.holders for data in holder.personal_data), asked)

    async def check_rate(self, user_id: int, press: str) -> None:
        """Let one request of a user pass in `EVERY` seconds, however often its press is handled.

        Raises:
            LaterError: another press of theirs passed a moment ago.
        """
        key = self._keys.forgot(user_id)
        try:
            await self._redis.set(key, press, nx=True, px=round(EVERY * 1000))
        except OutOfMemoryError:  # deleting is what helps then
            return
        passed, left = await self._redis.get(key), await self._redis.pttl(key)
        if passed is not None and passed != press:
            raise LaterError(max(left, 0) / 1000, "forget")

    async def forget(self, user_id: int) -> None:
        """Forget a user; may be repeated."""
        patterns = {each: each.key_patterns(user_id) for each in self.holders if isinstance(each, SearchingDataHolder)}
        found: list[str] | None = None
        for holder in self.holders:
            if isinstance(holder, SearchingDataHolder):
                if found is None:  # not before: a request that waited may have become a job
                    found = await self._search.find(user_id, chain.from_iterable(patterns.values()))
                await holder.forget_found(user_id, fitting(found, patterns[holder]))
            else:
                await holder.forget(user_id)
        log.info("user.forgotten")
