"""Who may use the bot: admins, and everybody else or those on `ALLOWED_USERS`. Banned people may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.common.retention import PersonalData
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys


class AccessList:
    """The users' rights.

    Args:
        redis: A client that decodes replies.
        keys: Names of the bot's keys.
        admins: They may everything, and cannot be banned.
        allowed: Who may use the bot; empty: every person. Whoever writes as a group or channel may only if its id is
            here: one person can write as any number of them, so that no limit and no ban would hold.
    """

    personal_data = (PersonalData(what="a ban", keys=("banned",), until="`/unban`", stays="a ban would end with it"),)

    def __init__(self, redis: Redis, keys: BotKeys, *, admins: frozenset[int], allowed: frozenset[int]) -> None:
        self._redis = redis
        self._banned = keys.banned
        self.admins = admins
        self._allowed = allowed

    def is_admin(self, user_id: int) -> bool:
        """Whether a user is an admin."""
        return user_id in self.admins

    def is_invited(self, user_id: int) -> bool:
        """Whether a user, or a chat that speaks for itself (a negative id), may use the bot unless it's banned."""
        return user_id in self.admins or user_id in self._allowed or (user_id > 0 and not self._allowed)

    async def banned(self, user_ids: Sequence[int]) -> list[bool]:
        """Tell of each user whether they are banned."""
        if not user_ids:
            return []
        found = await self._redis.smismember(self._banned, [str(user_id) for user_id in user_ids])
        return [bool(banned) and not self.is_admin(user) for banned, user in zip(found, user_ids, strict=True)]

    async def refusal(self, user_id: int) -> Text | None:
        """Return why a user may not use the bot; None where they may."""
        if user_id in self.admins:
            return None
        if not self.is_invited(user_id):
            return Text.NOT_INVITED if user_id > 0 else Text.WRITE_AS_YOURSELF
        return Text.BANNED if await self._redis.sismember(self._banned, str(user_id)) else None

    async def ban(self, user_id: int) -> bool:
        """Ban a user; False when they were banned before, or is an admin."""
        return user_id not in self.admins and bool(await self._redis.sadd(self._banned, user_id))

    async def unban(self, user_id: int) -> bool:
        """End a ban; False when there was none."""
        return bool(await self._redis.srem(self._banned, user_id))

    async def forget(self, user_id: int) -> None:
        """Erase nothing: see `personal_data`."""
