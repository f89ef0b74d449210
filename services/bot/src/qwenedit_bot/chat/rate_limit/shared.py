"""One rate limit for the token, kept in Redis for all replicas."""

from __future__ import annotations

import json
import math
from importlib.resources import files
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.chat.rate_limit.limits import (
    BACKLOG_PAUSE,
    BACKLOG_SPARES,
    CHAT,
    EDITS,
    GROUP,
    LINE,
    OVERALL,
    PLACE_KEPT,
    Rate,
    caller_in,
    is_group,
)
from qwenedit_bot.common.retention import PersonalData

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys


class SharedLimiter:
    """One rate limit for everything that is sent with a token, whatever replica sends it. Nobody sleeps in it.

    A person has one place in line for the token at most, in however many chats they wait. So people, not chats, get
    the token's turns in the order in which they began to wait.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
    """

    personal_data = (
        PersonalData(
            what="when the chat was last written to",
            keys=("pace",),
            seconds=round(EDITS.interval * EDITS.burst),
            stays="else the bot would write faster than Telegram allows",
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._pace = redis.register_script((files("qwenedit_bot.chat.rate_limit") / "pace.lua").read_text())

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Take a turn: the token's, and the chat's if one is named.

        Raises:
            LaterError: The turn is not free. If all chats wait for the token, a turn of it is reserved for the person:
                the first of their calls after the error's time takes it.
            RedisError: Redis does not say.
        """
        await self._turn(chat_id, edit=edit, take=True)

    async def ready(self, chat_id: int, *, edit: bool = False) -> None:
        """Raise what `acquire` would raise now, with the same reservation, and take nothing."""
        await self._turn(chat_id, edit=edit, take=False)

    async def try_acquire(self, chat_id: int) -> bool:
        """Take the turn of an edit, but only if enough turns are left for messages that somebody waits for."""
        spared = {rate: rate.spared for rate in (OVERALL, CHAT, GROUP, EDITS)}
        return await self._ask(chat_id, edit=True, take=True, line=0.0, spared=spared) <= 0

    async def close(self, chat_id: int | None, seconds: float) -> None:
        """Obey a 429: send nothing, in this chat or at all, for a while."""
        await self._pace(keys=(self._pause_key(chat_id),), args=(json.dumps({"pause": _ms(seconds)}),))

    async def forget(self, user_id: int) -> None:
        """Erase nothing: see `personal_data`."""

    async def _turn(self, chat_id: int | None, *, edit: bool, take: bool) -> None:
        if caller_in(chat_id).backlogged:
            wait = await self._ask(chat_id, edit=edit, take=take, line=0.0, spared={OVERALL: BACKLOG_SPARES})
            wait = max(wait, BACKLOG_PAUSE) if wait > 0 else wait
        else:
            wait = await self._ask(chat_id, edit=edit, take=take, line=LINE, spared={})
        if wait > 0:
            raise LaterError(wait, "pace")

    async def _ask(self, chat_id: int | None, *, edit: bool, take: bool, line: float, spared: dict[Rate, int]) -> float:
        """Return the seconds to wait; see `pace.lua`."""
        buckets = {self._keys.pace("token"): OVERALL}
        if chat_id is not None:
            buckets[self._keys.pace(f"chat:{chat_id}")] = CHAT
            if is_group(chat_id):
                buckets[self._keys.pace(f"group:{chat_id}")] = GROUP
            elif edit:
                buckets[self._keys.pace(f"edits:{chat_id}")] = EDITS
        place = self._keys.pace(f"place:{caller_in(chat_id).person}")
        about = {
            "buckets": [_bucket(rate, spared.get(rate, 0)) for rate in buckets.values()],
            "line": _ms(line),
            "kept": _ms(PLACE_KEPT),
            "take": take,
        }
        keys = (self._pause_key(None), self._pause_key(chat_id), place, *buckets)
        return int(await self._pace(keys=keys, args=(json.dumps(about),))) / 1000

    def _pause_key(self, chat_id: int | None) -> str:
        return self._keys.pace("pause" if chat_id is None else f"pause:{chat_id}")


def _bucket(rate: Rate, spared: int) -> dict[str, int]:
    every, early = _ms(rate.interval), _ms(rate.interval * (rate.burst - 1))
    longest = early + every + (_ms(LINE) if rate is OVERALL else 0)
    return {"every": every, "early": early - spared * every, "longest": longest}


def _ms(seconds: float) -> int:
    return math.ceil(seconds * 1000)
