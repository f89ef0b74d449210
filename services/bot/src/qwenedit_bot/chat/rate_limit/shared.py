"""One rate limit for the token, kept in Redis for all replicas."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING

from redis.exceptions import OutOfMemoryError

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.chat.rate_limit.limits import (
    BACKLOGGED,
    CHAT,
    EDITS,
    GROUP,
    LONGEST_RESERVATION,
    OVERALL,
    SPARED,
    SPARED_IN_CHAT,
    TICKET_KEPT,
    WINDOW,
    Rate,
    caller_in,
    is_group,
)
from qwenedit_bot.common.retention import PersonalData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

MICROSECONDS = 1_000_000


class SharedLimiter:
    """One rate limit for everything that is sent with a token, whatever replica sends it.

    A person has one reserved turn of the token at most, in however many chats they wait. So people, and not chats,
    get the token's turns in the order in which they began to wait.

    Only the token's own rate is ever slept for, and that shortly. All other waits are the work of the scheduler, which
    lets others go first meanwhile.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
    """

    personal_data = (
        PersonalData(
            what="when the chat was last written to",
            keys=("pace",),
            seconds=round(WINDOW),
            stays="else the bot would write faster than Telegram allows",
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._pace = redis.register_script((files("qwenedit_bot.chat.rate_limit") / "lua" / "pace.lua").read_text())
        self._close = redis.register_script((files("qwenedit_bot.chat.rate_limit") / "lua" / "close.lua").read_text())

    async def acquire(self, chat_id: int | None, *, edit: bool = False) -> None:
        """Take a turn, also the chat's where one is named, and for an edit one of the chat's edits.

        Raises:
            LaterError: The turn is not free. Where all chats wait for the token, a turn of it is reserved for the
                person, and the error says when it comes. The person's next call at that time gets the turn.
            RedisError: Redis does not say.
        """
        wait, taken = await self._ask(chat_id, edits=EDITS if edit else 0)
        if not taken:
            raise LaterError(wait, "pace")
        if wait > 0:
            await asyncio.sleep(wait)

    async def ready(self, chat_id: int, *, edit: bool = False) -> None:
        """Raise what `acquire` would raise now, with the same reservation, and take nothing."""
        wait, free = await self._ask(chat_id, edits=EDITS if edit else 0, look=True)
        if not free:
            raise LaterError(wait, "pace")

    async def try_acquire(self, chat_id: int, *, edits: int) -> bool:
        """Take the turn of an edit only if nothing of greater weight could miss it.

        Args:
            chat_id: The chat.
            edits: How many the chat may have had in the last minute, this one included.
        """
        _wait, taken = await self._ask(chat_id, edits=edits, ahead=-SPARED * OVERALL.interval, patient=False)
        return taken

    async def note_edit(self, chat_id: int) -> None:
        """Count an edit that was made without a turn; not in a full Redis."""
        key = self._keys.pace(f"edits:{chat_id}")
        seconds, microseconds = await self._redis.time()
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.lpush(key, seconds * MICROSECONDS + microseconds)
        pipeline.pexpire(key, round(WINDOW * 1000))
        with suppress(OutOfMemoryError):
            await pipeline.execute()

    async def close(self, chat_id: int | None, seconds: float) -> None:
        """Obey a 429: send nothing, in this chat or at all, for a while."""
        rate = OVERALL if chat_id is None else CHAT
        keys = (
            (self._keys.pace(), self._keys.pace("closed")) if chat_id is None else (self._keys.pace(f"chat:{chat_id}"),)
        )
        await self._close(keys=keys, args=(_us(seconds), _us(rate.ahead), _us(TICKET_KEPT)))

    async def forget(self, user_id: int) -> None:
        """Erase nothing: see `personal_data`."""

    async def _ask(
        self,
        chat_id: int | None,
        *,
        edits: int,
        ahead: float = LONGEST_RESERVATION,
        look: bool = False,
        patient: bool = True,
    ) -> tuple[float, bool]:
        """Return the seconds to wait, and whether the turn is free and, without `look`, taken.

        Args:
            chat_id: The chat; None for calls that belong to none.
            edits: Edits that a chat may have in a window; 0 where this is none.
            ahead: Seconds by which the token's turn may be ahead. Negative: so much must be left of its burst.
            look: Take nothing.
            patient: Reserve a turn of the token that is further ahead.
        """
        caller = caller_in(chat_id)
        backlogged = caller.backlogged and patient
        buckets = self._buckets(chat_id, backlogged=backlogged)
        waited_for = len(buckets) - backlogged
        keys = [key for key, _rate in buckets]
        if edits and chat_id is not None:
            keys.append(self._keys.pace(f"edits:{chat_id}"))
        keys += [self._keys.pace(f"ticket:{caller.person}"), self._keys.pace("closed")]
        arguments: list[int | str] = [int(look), int(patient), len(buckets), waited_for, edits]
        arguments += [_us(WINDOW), _us(ahead), _us(TICKET_KEPT), caller.name]
        for _key, rate in buckets:
            spared = 0.0 if patient or rate is OVERALL else SPARED_IN_CHAT * rate.interval
            arguments += [_us(rate.interval), _us(rate.ahead - spared)]
        wait, free = await self._pace(keys=keys, args=arguments)
        return int(wait) / MICROSECONDS, bool(free)

    def _buckets(self, chat_id: int | None, *, backlogged: bool) -> Sequence[tuple[str, Rate]]:
        """Return the keys and rates of what a call takes a turn of. The backlogged use the token's, last, unasked."""
        overall = (self._keys.pace(), OVERALL)
        buckets = [(self._keys.pace("backlogged"), BACKLOGGED) if backlogged else overall]
        if chat_id is not None:
            buckets.append((self._keys.pace(f"chat:{chat_id}"), CHAT))
            if is_group(chat_id):
                buckets.append((self._keys.pace(f"group:{chat_id}"), GROUP))
        return [*buckets, overall] if backlogged else buckets


def _us(seconds: float) -> int:
    return round(seconds * MICROSECONDS)
