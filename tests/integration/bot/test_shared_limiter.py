"""Replicas that send with one token share its rate limit, and are told at once where they must wait."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis as Client
from redis.exceptions import RedisError

from qwenedit_bot.errors import LaterError
from qwenedit_bot.limiter import CHAT, EDITS, GROUP, LONGEST_RESERVATION, OVERALL, WINDOW
from qwenedit_bot.shared_limiter import SharedLimiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys

HOUR = 3600.0


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let nobody wait, and say how long each call would have."""
    found: list[float] = []

    async def wait(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("qwenedit_bot.shared_limiter.asyncio.sleep", wait)
    return found


@pytest.fixture
def replica(redis: Redis, bot_keys: BotKeys) -> Callable[[], SharedLimiter]:
    return lambda: SharedLimiter(redis, bot_keys)


@pytest.fixture
def passes(redis: Redis, bot_keys: BotKeys) -> Callable[[float], object]:
    """Return what lets time pass at once, in Redis' books."""

    async def pass_by(seconds: float) -> None:
        for key in await redis.keys(bot_keys.pace("*")):
            if await redis.type(key) == "list":
                times = [int(time) - round(seconds * 1e6) for time in await redis.lrange(key, 0, -1)]
                await redis.delete(key)
                await redis.rpush(key, *times)
            else:
                await redis.set(key, int(await redis.get(key) or 0) - round(seconds * 1e6))

    return pass_by


async def wait_of(call) -> float:
    """Return the seconds after which a call is to be made again; 0 where it may be made now."""
    try:
        await call
    except LaterError as error:
        return error.after
    return 0.0


async def later(call) -> float:
    """Return the seconds after which a call is to be made again."""
    with pytest.raises(LaterError) as raised:
        await call
    return raised.value.after


async def test_pace_of_a_chat_is_shared_by_replicas_and_waited_for_by_none(replica, slept, redis, bot_keys) -> None:
    first, second = replica(), replica()
    started = time.monotonic()
    for _ in range(CHAT.burst):
        await first.acquire(1)
    due = await redis.get(bot_keys.pace("chat:1"))
    for _ in range(10):
        wait = await later(second.acquire(1))
        assert CHAT.interval - (time.monotonic() - started) <= wait <= CHAT.interval
    assert await redis.get(bot_keys.pace("chat:1")) == due, "something was reserved"
    await second.acquire(2)
    assert slept == []


async def test_pace_of_a_chat_that_must_wait_takes_nothing_of_the_tokens(replica, slept, redis, bot_keys) -> None:
    limit = replica()
    await limit.close(1, HOUR)
    for _ in range(OVERALL.burst * 3):
        await later(limit.acquire(1))
    assert not await redis.exists(bot_keys.pace())
    await limit.acquire(2)
    assert slept == []


async def test_pace_of_the_token_is_waited_for_by_a_second_at_most(replica, slept) -> None:
    replicas = [replica(), replica(), replica()]
    waits = [await wait_of(replicas[chat % 3].acquire(chat)) for chat in range(1, OVERALL.burst * 4)]
    refused = [wait for wait in waits if wait > 0]
    assert refused
    assert min(refused) > LONGEST_RESERVATION
    assert len(waits) - len(refused) >= OVERALL.burst * 2
    assert max(slept) <= LONGEST_RESERVATION


async def test_pace_of_a_group_is_slower(replica) -> None:
    first, second = replica(), replica()
    started = time.monotonic()
    for _ in range(GROUP.burst):
        await first.acquire(-5)
    wait = await later(second.acquire(-5))
    assert GROUP.interval - (time.monotonic() - started) <= wait <= GROUP.interval


def test_no_minute_of_a_group_holds_more_than_telegram_allows() -> None:
    assert (60 + GROUP.ahead) / GROUP.interval <= 20


async def test_no_minute_of_a_chat_holds_more_edits_than_allowed_whoever_makes_them(replica, passes) -> None:
    replicas = [replica(), replica()]
    at: list[float] = []
    passed = 0.0
    for number in itertools.count():
        wait = await wait_of(replicas[number % 2].acquire(1, edit=True))
        if wait > 0:
            await passes(wait)
            passed += wait
            continue
        at.append(time.monotonic() + passed)
        if len(at) == EDITS * 3:
            break
    assert all(after - before > WINDOW - 1 for before, after in zip(at, at[EDITS:], strict=False))
    assert at[-1] - at[0] < 2 * WINDOW + CHAT.interval * EDITS


async def test_a_message_does_not_wait_for_an_edit_that_waits(replica, passes) -> None:
    limit = replica()
    for _ in range(EDITS):
        await limit.acquire(1, edit=True)
        await passes(CHAT.interval)
    assert await later(limit.acquire(1, edit=True)) > WINDOW - EDITS * CHAT.interval - 5
    await limit.acquire(1)


async def test_looking_whether_a_turn_is_free_takes_nothing(replica, redis, bot_keys) -> None:
    limit = replica()
    for _ in range(CHAT.burst * 2):
        await limit.ready(1, edit=True)
    assert await redis.keys(bot_keys.pace("*")) == []
    for _ in range(CHAT.burst):
        await limit.acquire(1)
    assert 0 < await later(limit.ready(1)) <= CHAT.interval
    await limit.ready(2)


async def test_a_progress_edit_is_left_out_where_it_would_cost_something(replica, slept) -> None:
    first, second = replica(), replica()
    assert await first.try_acquire(1, edits=2)
    assert await second.try_acquire(1, edits=2)
    assert not await first.try_acquire(1, edits=2)
    for chat in range(100, 100 + OVERALL.burst * 3 // 2):
        await first.acquire(chat)
    assert not await second.try_acquire(2, edits=2)
    assert slept


async def test_progress_edits_leave_some_of_the_chats_minute_to_the_answers(replica, passes) -> None:
    limit = replica()
    edits = 0
    for _ in range(50):
        edits += await limit.try_acquire(1, edits=12)
        await passes(CHAT.interval)
    assert edits == 12
    for _ in range(3):
        await limit.acquire(1, edit=True)


async def test_a_429_of_an_hour_in_one_group_delays_no_other_chat(replica, slept) -> None:
    first, second = replica(), replica()
    await first.close(-5, HOUR)
    assert HOUR - 60 < await later(second.acquire(-5)) <= HOUR
    assert HOUR - 60 < await later(second.ready(-5)) <= HOUR
    for chat in range(1, OVERALL.burst):
        await second.acquire(chat)
    assert slept == []


async def test_a_429_in_all_chats_is_obeyed_by_all_replicas(replica, slept) -> None:
    first, second = replica(), replica()
    await first.close(None, 20)
    assert 15 < await later(second.acquire(2)) <= 20
    assert 15 < await later(second.ready(3)) <= 20
    assert slept == []


async def test_without_redis_nothing_is_sent(bot_keys) -> None:
    async with Client.from_url("redis://127.0.0.1:1") as nowhere:
        with pytest.raises(RedisError):
            await SharedLimiter(nowhere, bot_keys).acquire(1)


async def test_nothing_is_kept_of_chats_that_are_quiet(replica, redis, bot_keys) -> None:
    limit = replica()
    await limit.acquire(1, edit=True)
    for key in await redis.keys(bot_keys.pace("*")):
        assert 0 < await redis.pttl(key) <= (WINDOW + 1) * 1000
