"""One budget for the token, kept in Redis for all replicas."""

from __future__ import annotations

import asyncio
import time
from importlib.resources import files
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.limiter import CHAT, EDITS, GROUP, OVERALL, SPARED, WINDOW, Limiter, Rate, is_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys

PATIENCE = 2.0
"""Seconds that Redis may take: a message that is ready does not wait for it any longer."""
LEFT_ALONE = 5.0
"""Seconds in which a Redis that did not answer is not asked again."""
MICROSECONDS = 1_000_000

log = structlog.get_logger(__name__)


class SharedLimiter:
    """A `Pace` that every replica draws on. While Redis is away each keeps to a budget of its own.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
    """

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._keys = keys
        self._pace = redis.register_script((files("qwenedit_bot") / "lua" / "pace.lua").read_text())
        self._close = redis.register_script((files("qwenedit_bot") / "lua" / "close.lua").read_text())
        self._own = Limiter()
        self._away_until = 0.0

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Wait for a turn."""
        edits = EDITS if edit and chat_id is not None else 0
        turn = await self._ask(chat_id, edits=edits)
        while turn is not None:
            wait, taken = turn
            if wait > 0:
                await asyncio.sleep(wait)
            if taken:
                return
            turn = await self._ask(chat_id, edits=edits)
        await self._own.acquire(chat_id, edit=edit)

    async def try_acquire(self, chat_id: int, *, edits: int) -> bool:
        """Take the turn of an edit only if it is free."""
        turn = await self._ask(chat_id, edits=edits, only_if_free=True)
        return turn[1] if turn is not None else await self._own.try_acquire(chat_id, edits=edits)

    async def close(self, chat_id: int | None, seconds: float) -> None:
        """Send nothing, in this chat or at all, for a while."""
        rate = OVERALL if chat_id is None else CHAT
        key = self._keys.pace() if chat_id is None else self._keys.pace(f"chat:{chat_id}")
        await self._own.close(chat_id, seconds)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._close(keys=(key,), args=(_us(seconds), _us(rate.ahead)))
        except (RedisError, TimeoutError) as error:
            self._miss(error)

    async def _ask(self, chat_id: int | None, *, edits: int, only_if_free: bool = False) -> tuple[float, bool] | None:
        """Return the seconds to wait and whether the turn is taken; None where Redis does not say."""
        if time.monotonic() < self._away_until:
            return None
        buckets = self._buckets(chat_id)
        keys = [key for key, _rate in buckets]
        if edits:
            keys.append(self._keys.pace(f"edits:{chat_id}"))
        spared = SPARED if only_if_free else 0
        arguments = [int(only_if_free), edits, _us(WINDOW)]
        for number, (_key, rate) in enumerate(buckets):
            ahead = rate.ahead - (spared * rate.interval if number == 0 else 0)
            arguments += [_us(rate.interval), _us(ahead)]
        try:
            async with asyncio.timeout(PATIENCE):
                wait, taken = await self._pace(keys=keys, args=arguments)
        except (RedisError, TimeoutError) as error:
            self._miss(error)
            return None
        return int(wait) / MICROSECONDS, bool(taken)

    def _buckets(self, chat_id: int | None) -> Sequence[tuple[str, Rate]]:
        overall = (self._keys.pace(), OVERALL)
        if chat_id is None:
            return (overall,)
        chat = (self._keys.pace(f"chat:{chat_id}"), CHAT)
        return (overall, chat, (self._keys.pace(f"group:{chat_id}"), GROUP)) if is_group(chat_id) else (overall, chat)

    def _miss(self, error: Exception) -> None:
        self._away_until = time.monotonic() + LEFT_ALONE
        log.warning("pace.redis_unavailable", error=type(error).__name__, alone_for=LEFT_ALONE)


def _us(seconds: float) -> int:
    return round(seconds * MICROSECONDS)
