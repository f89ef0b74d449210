"""The bot's rate limit, shared by all replicas through Redis.

Telegram's limits: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_jobs.redis.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate: a token bucket."""

    interval: float
    """Seconds between two turns, in the long run."""
    burst: int
    """Turns at once after a quiet time."""
    spared: int = 0
    """Turns of the burst that progress edits leave to replies."""


OVERALL = Rate(interval=1 / 30, burst=26, spared=10)
"""Telegram lets 30 come at once, and counts them when they arrive. Four are left for calls that take a tenth of a
second longer than those after them."""
CHAT = Rate(interval=1.0, burst=5, spared=2)
"""Of a private chat, and of a person across groups."""
GROUP = Rate(interval=3.75, burst=5, spared=4)
"""20 in any minute: 5 at once, and 15 more at this interval."""
EDITS = Rate(interval=6.0, burst=5, spared=2)
"""15 edits in any minute of a private chat. In a group they count among its 20 messages."""


_person: ContextVar[int] = ContextVar("person", default=0)


@contextmanager
def on_behalf_of(person: int) -> Iterator[None]:
    """Count calls inside the block for a person, across chats; for 0, for the chat."""
    token = _person.set(person)
    try:
        yield
    finally:
        _person.reset(token)


def is_group(chat_id: int) -> bool:
    """Return whether a chat is a group: users' IDs are positive (https://core.telegram.org/api/bots/ids)."""
    return chat_id < 0


class SharedLimiter:
    """The rate limit of a bot's token, across replicas. Calls never sleep in it.

    A person's turns are counted across chats, and they have one place in line for the token. So people, not chats,
    get turns in the order in which they began to wait. Those who have just had some let others go first.
    """

    personal_data = (
        PersonalData(
            "when the bot last wrote to the chat",
            "pace",
            seconds=round(EDITS.interval * EDITS.burst),
            stays="otherwise the bot would write faster than Telegram allows",
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._scripts = Scripts(redis, Path(__file__).parent, {"pace_prefix": keys.pace("")}.__getitem__)

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Take a turn of the token, and of the chat if one is given.

        Raises:
            LaterError: No turn is free. If the token is the bottleneck, it reserves a turn for the person, which their
                first call after the error's time takes.
            RedisError: Redis doesn't answer.
        """
        wait = await self._ask(chat_id, edit=edit, line=timeouts.RESERVED_AHEAD)
        if wait > 0:
            raise LaterError(wait, "pace")

    async def try_acquire(self, chat_id: int) -> bool:
        """Take a turn for an edit, only if enough turns are left for replies."""
        return await self._ask(chat_id, edit=True, spare=True, line=0.0) <= 0

    async def close(self, chat_id: int, seconds: float) -> None:
        """Obey a 429: send nothing in this chat for a while."""
        await self._scripts.run("pace", paused=f"pause:{chat_id}", pause=_ms(seconds))

    async def _ask(self, chat_id: int | None, *, edit: bool, spare: bool = False, line: float) -> float:
        """Return the seconds to wait; see `pace.lua`."""
        sender = _person.get() or chat_id or 0  # whose turn it is: a person's, or the chat's own
        buckets = {"token": OVERALL}
        if chat_id is not None:
            buckets[f"chat:{sender}"] = CHAT
            if is_group(chat_id):
                buckets[f"group:{chat_id}"] = GROUP
            elif edit:
                buckets[f"edits:{chat_id}"] = EDITS
        wait_ms = await self._scripts.run(
            "pace",
            paused=f"pause:{chat_id}",
            buckets=[_bucket(name, rate, spare=spare) for name, rate in buckets.items()],
            # With one turn just used, where the token's are scarce, somebody leaves others five and reserves none.
            busy=1,
            leave=5,
            again=500,  # ms
            place=f"place:{sender}",
            line=_ms(line),
            kept=5_000,  # ms for which a reserved turn that is due stays valid
        )
        return int(wait_ms) / 1000


def _bucket(name: str, rate: Rate, *, spare: bool) -> dict[str, int | str]:
    every, early = _ms(rate.interval), _ms(rate.interval * (rate.burst - 1))
    longest = early + every + (_ms(timeouts.RESERVED_AHEAD) if rate is OVERALL else 0)
    return {"name": name, "every": every, "early": early, "spared": rate.spared * spare, "longest": longest}


def _ms(seconds: float) -> int:
    return math.ceil(seconds * 1000)
