"""Replicas that send with one token share its rate limit. The limiter of the simulated Telegram judges them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from qwenedit_bot.chat.errors import LaterError
from qwenedit_bot.chat.rate_limit import CHAT, GROUP, OVERALL, SharedLimiter, on_behalf_of
from qwenedit_bot.common import timeouts
from telegram_simulator.world.rate_limits import RateLimiter, Rates

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

HOUR = 3600.0


SHIFT = """
for _, key in ipairs(KEYS) do
    redis.call('PEXPIRE', key, redis.call('PTTL', key) - ARGV[1])
end
"""


class Time:
    """Time that passes at once: the TTLs of all that the limiter keeps are changed.

    It's Redis' time, at the moment at which a turn was asked for. This process may come to hear of it much later.
    """

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._execute = redis.execute_command
        self._keys = keys
        self._first: float | None = None
        self.now = 0.0
        """Seconds since the first turn was asked for, those that really passed among them."""
        self._passed = 0.0

    async def execute_command(self, *call: Any, **options: Any) -> Any:
        """Do what Redis' client does, and at a script look at the clock in the same moment."""
        if call[0] != "EVALSHA":
            return await self._execute(*call, **options)
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.execute_command(*call, **options)
        pipeline.time()
        result, (seconds, microseconds) = await pipeline.execute()
        at = seconds + microseconds / 1e6
        self._first = self._first or at
        self.now = at - self._first + self._passed
        return result

    async def passes(self, seconds: float) -> None:
        """Let time pass."""
        await self.clock_steps(seconds)
        self._passed += seconds
        self.now += seconds

    async def clock_steps(self, seconds: float) -> None:
        """Set Redis' clock forward, or back."""
        keys = await self._redis.keys(self._keys.pace("*"))
        await self._redis.eval(SHIFT, len(keys), *keys, math.floor(seconds * 1000))


@dataclass
class Judge:
    """Telegram, as the simulator has it."""

    time: Time
    limits: RateLimiter = field(init=False)

    def __post_init__(self) -> None:
        # A thousandth faster: TTLs are whole milliseconds.
        self.limits = RateLimiter(Rates(), clock=lambda: self.time.now * 1.001)

    def charge(self, chat_id: int, *, edit: bool) -> None:
        """Count a call; raises what Telegram answers to one too many."""
        self.limits.charge(bot_id=42, chat_id=chat_id, group=chat_id < 0, edit=edit)


@pytest.fixture
def limit(redis: Redis, bot_keys: BotKeys) -> SharedLimiter:
    return SharedLimiter(redis, bot_keys)


@pytest.fixture
def time(redis: Redis, bot_keys: BotKeys, monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time(redis, bot_keys)
    monkeypatch.setattr(redis, "execute_command", time.execute_command)
    return time


@pytest.fixture
async def busy(limit: SharedLimiter) -> None:
    """Let others have all turns of the token for now."""
    for chat in range(1_000, 1_000 + OVERALL.burst * 3):
        try:
            await limit.acquire(chat)
        except LaterError:
            return
    raise AssertionError("the token's turns do not end")


async def wait_of(call: Awaitable[None]) -> float:
    """Return the seconds after which a call is to be made again; 0 if it may be made now."""
    try:
        await call
    except LaterError as error:
        return error.after
    return 0.0


async def turns(limit: SharedLimiter, chat_id: int, *, edit: bool = False) -> int:
    """Take turns until there is none."""
    taken = 0
    while await wait_of(limit.acquire(chat_id, edit=edit)) == 0:
        taken += 1
    return taken


@pytest.mark.parametrize(
    ("chats", "edit", "least"),
    [((5,), False, 55), ((5,), True, 10), ((-5,), False, 16), ((-5,), True, 16), (tuple(range(1, 60)), False, 1_500)],
)
async def test_pace_of_two_replicas_is_one_that_telegram_takes(redis, bot_keys, time, chats, edit, least) -> None:
    replicas, judge, dice = [SharedLimiter(redis, bot_keys) for _ in range(2)], Judge(time), random.Random(5)  # noqa: S311 - a choice of replicas
    sent = 0
    waits = dict.fromkeys(chats, 0.0)
    end = 150.0 if len(chats) == 1 else 12.0
    while time.now < end:
        for chat in chats:
            if waits[chat] <= time.now:
                wait = await wait_of(dice.choice(replicas).acquire(chat, edit=edit))
                waits[chat] = time.now + wait
                if wait == 0:
                    judge.charge(chat, edit=edit)
                    sent += 1
        await time.passes(min(max(min(waits.values()) - time.now, 0.01), 5.0))
    assert sent >= least * end / 60


async def test_progress_edit_leaves_turns_to_messages_that_somebody_waits_for(limit, time) -> None:
    for chat in (1, -1):
        while await limit.try_acquire(chat):
            pass
        await time.passes(0.0)
        assert await wait_of(limit.acquire(chat, edit=True)) == 0
        assert await wait_of(limit.acquire(chat, edit=True)) == 0


async def test_429_is_obeyed_by_all_replicas(limit, redis, bot_keys, time) -> None:
    await limit.close(1, 30.0)
    other = SharedLimiter(redis, bot_keys)
    assert 20 < await wait_of(other.acquire(1)) <= 30
    await time.passes(30.1)
    assert await wait_of(other.acquire(1)) == 0


@pytest.mark.parametrize("step", [-HOUR, -100.0, -3.0, 3.0, HOUR])
async def test_step_of_redis_clock_delays_nobody_for_more_than_seconds(limit, time, busy, step) -> None:
    del busy
    for chat in (1, -1):
        with on_behalf_of(7):
            await turns(limit, chat, edit=True)
    await limit.close(2, 3.0)
    await time.clock_steps(step)
    for chat, longest in ((1, CHAT.interval), (-1, GROUP.interval), (2, 3.0), (3, timeouts.RESERVED_AHEAD)):
        with on_behalf_of(7):
            assert await wait_of(limit.acquire(chat)) <= longest + min(abs(step), 3.0)


@pytest.mark.usefixtures("busy")
async def test_place_in_line_is_one_a_person_in_however_many_chats_they_wait(limit, time) -> None:
    with on_behalf_of(7):
        waits = [await wait_of(limit.acquire(chat)) for chat in range(-5, 0)]  # within one turn of the token
    other = await wait_of(limit.acquire(8))
    assert max(waits) == waits[0] <= 0.1
    assert 0 < other <= 0.2
    await time.passes(other)
    with on_behalf_of(7):
        assert await wait_of(limit.acquire(-1)) == 0
        assert await wait_of(limit.acquire(-2)) > 0
    assert await wait_of(limit.acquire(8)) == 0


async def test_person_has_the_turns_of_one_chat_in_however_many_groups(limit, time) -> None:
    sent, end = 0, 30.0
    while time.now < end:
        for group in range(-50, 0):
            with on_behalf_of(7):
                sent += await wait_of(limit.acquire(group)) == 0
        await time.passes(1.0)
    assert sent <= end + 6  # one a second after a burst of five
    assert await wait_of(limit.acquire(-1)) == 0  # for somebody else


@pytest.mark.parametrize(("people", "longest"), [(20, 0.0), (60, 2.5)])
async def test_people_who_write_all_the_time_make_way_for_others(limit, time, people, longest) -> None:
    """Nobody waits where the token has turns for all, else for one turn of each at most."""
    due = dict.fromkeys(range(100, 100 + people), 0.0)
    for number in range(100):
        for person in due:
            if due[person] <= time.now:
                wait = await wait_of(limit.acquire(person))
                due[person] = time.now + max(wait, 0.01)
        if number >= 30 and number % 10 == 0:  # they have had their first turns
            assert await wait_of(limit.acquire(number + 1)) <= longest
        await time.passes(0.1)


async def test_full_redis_goes_on_to_give_turns_and_places(limit, redis, bot_keys) -> None:
    await redis.config_set("maxmemory", 1)
    try:
        assert await turns(limit, 7) == CHAT.burst
        await limit.close(8, 60.0)
        assert await wait_of(limit.acquire(8)) > 50
        for chat in range(100, 150):
            await wait_of(limit.acquire(chat))
        assert await redis.exists(bot_keys.pace("place:149"))
    finally:
        await redis.config_set("maxmemory", 0)
