"""One rate limit for the token, kept in Redis for all replicas."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.chat.rate_limit.limits import (
    BUSY,
    BUSY_LEAVE,
    BUSY_PAUSE,
    CHAT,
    EDITS,
    GROUP,
    LINE,
    OVERALL,
    PLACE_KEPT,
    Rate,
    is_group,
    sender_in,
)
from qwenedit_bot.common.retention import PersonalData
from qwenedit_jobs.redis.scripts import Scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys


class SharedLimiter:
    """One rate limit for everything that is sent with a token, whatever replica sends it. Nobody sleeps in it.

    A person's turns are counted in whatever chats they call the bot, and they have one place in line for the token. So
    people, not chats, get the token's turns in the order in which they began to wait. Somebody who has just had some
    makes way for others.

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
        self._scripts = Scripts(redis, Path(__file__).parent, {"pace_prefix": keys.pace("")}.__getitem__)

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Take a turn: the token's, and the chat's if one is named.

        Raises:
            LaterError: The turn is not free. If all chats wait for the token, a turn of it is reserved for the person:
                the first of their calls after the error's time takes it.
            RedisError: Redis does not say.
        """
        wait = await self._ask(chat_id, edit=edit, line=LINE)
        if wait > 0:
            raise LaterError(wait, "pace")

    async def try_acquire(self, chat_id: int) -> bool:
        """Take the turn of an edit, but only if enough turns are left for messages that somebody waits for."""
        return await self._ask(chat_id, edit=True, spare=True, line=0.0) <= 0

    async def close(self, chat_id: int, seconds: float) -> None:
        """Obey a 429: send nothing in this chat for a while."""
        await self._scripts.run("pace", paused=f"pause:{chat_id}", pause=_ms(seconds))

    async def _ask(self, chat_id: int | None, *, edit: bool, spare: bool = False, line: float) -> float:
        """Return the seconds to wait; see `pace.lua`."""
        sender = sender_in(chat_id)
        buckets = {"token": OVERALL}
        if chat_id is not None:
            buckets[f"chat:{sender}"] = CHAT
            if is_group(chat_id):
                buckets[f"group:{chat_id}"] = GROUP
            elif edit:
                buckets[f"edits:{chat_id}"] = EDITS
        told = await self._scripts.run(
            "pace",
            paused=f"pause:{chat_id}",
            buckets=[_bucket(name, rate, spare=spare) for name, rate in buckets.items()],
            busy=BUSY,
            leave=BUSY_LEAVE,
            again=_ms(BUSY_PAUSE),
            place=f"place:{sender}",
            line=_ms(line),
            kept=_ms(PLACE_KEPT),
        )
        return int(told) / 1000


def _bucket(name: str, rate: Rate, *, spare: bool) -> dict[str, int | str]:
    every, early = _ms(rate.interval), _ms(rate.interval * (rate.burst - 1))
    longest = early + every + (_ms(LINE) if rate is OVERALL else 0)
    return {"name": name, "every": every, "early": early, "spared": rate.spared * spare, "longest": longest}


def _ms(seconds: float) -> int:
    return math.ceil(seconds * 1000)
