"""Who may use the bot: admins, and either everybody or the users in `ALLOWED_USERS`, except banned ones."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from cachetools import TTLCache

from qwenedit_bot.chat.actors import actor_in, is_about_money, kind_of
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.common.metrics import BotMetrics


class AccessList:
    """The users' rights.

    Args:
        admins: They may use every command, and can't be banned.
        allowed: Ids that may use the bot; empty: every person. A message written as a group or channel is admitted
            only if its id is here: one person can write as any number of them, so no limit and no ban would hold.
    """

    personal_data = (PersonalData("a ban", "banned", until="`/unban`", stays="a ban would end with it"),)

    def __init__(
        self, redis: Redis, keys: BotKeys, metrics: BotMetrics, *, admins: frozenset[int], allowed: frozenset[int]
    ) -> None:
        self._redis = redis
        self._banned = keys.banned
        self.admins = admins
        self._allowed = allowed
        self._metrics = metrics
        self._refused: TTLCache[int, Iterator[int]] = TTLCache(10_000, 60.0)

    def is_admin(self, user_id: int) -> bool:
        """Whether a user is an admin."""
        return user_id in self.admins

    def admits(self, update: dict[str, Any]) -> bool:
        """Whether to take an update: of people who were just refused 20 a minute are, and all about money."""
        counter = self._refused.get(actor_in(update))
        if counter is None or is_about_money(update) or next(counter) < 20:
            return True
        self._metrics.updates.labels(kind_of(update), "stranger").inc()
        return False

    async def refusal(self, user_id: int) -> Text | None:
        """Return why a user may not use the bot; None if they may."""
        if user_id in self.admins:
            return None
        refusal = None
        if user_id not in self._allowed and (user_id <= 0 or self._allowed):
            refusal = Text.NOT_INVITED if user_id > 0 else Text.WRITE_AS_YOURSELF
        elif await self._redis.sismember(self._banned, str(user_id)):
            refusal = Text.BANNED
        if refusal is not None:
            self._refused.setdefault(user_id, itertools.count())
        return refusal

    async def ban(self, user_id: int) -> bool:
        """Ban a user; False if they were banned before or are an admin."""
        return user_id not in self.admins and bool(await self._redis.sadd(self._banned, user_id))

    async def unban(self, user_id: int) -> bool:
        """End a ban; False if there was none."""
        return bool(await self._redis.srem(self._banned, user_id))
