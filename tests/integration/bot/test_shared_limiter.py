"""Replicas that send with one token share its budget; without Redis each keeps to its own."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis as Client

from qwenedit_bot import shared_limiter
from qwenedit_bot.limiter import CHAT, EDITS, GROUP, OVERALL, WINDOW
from qwenedit_bot.shared_limiter import SharedLimiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let nobody wait, and say how long everybody would have."""
    found: list[float] = []

    async def wait(seconds: float) -> None:
        found.append(seconds)

    monkeypatch.setattr("qwenedit_bot.shared_limiter.asyncio.sleep", wait)
    return found


@pytest.fixture
def replica(redis: Redis, bot_keys: BotKeys) -> Callable[[], SharedLimiter]:
    return lambda: SharedLimiter(redis, bot_keys)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch, redis: Redis, bot_keys: BotKeys) -> list[float]:
    """Let the time pass at once for which somebody would wait, in Redis' books, and say how much that was."""
    found: list[float] = []

    async def pass_by(seconds: float) -> None:
        found.append(seconds)
        for key in await redis.keys(bot_keys.pace("*")):
            if await redis.type(key) == "list":
                times = [int(time) - round(seconds * 1e6) for time in await redis.lrange(key, 0, -1)]
                await redis.delete(key)
                await redis.rpush(key, *times)
            else:
                await redis.set(key, int(await redis.get(key) or 0) - round(seconds * 1e6))

    monkeypatch.setattr("qwenedit_bot.shared_limiter.asyncio.sleep", pass_by)
    return found


class Waiting:
    """An edit that waits for its turn."""

    def __init__(self, limit: SharedLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waits: list[float] = []
        self._begun = asyncio.Event()
        monkeypatch.setattr("qwenedit_bot.shared_limiter.asyncio.sleep", self._wait)
        self._task = asyncio.create_task(limit.acquire(1, edit=True))

    async def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._begun.set()
        await asyncio.Event().wait()

    async def begun(self) -> None:
        await asyncio.wait_for(self._begun.wait(), 30)

    async def end(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


async def test_replicas_share_the_pace_of_a_chat(replica, waits) -> None:
    first, second = replica(), replica()
    started = time.monotonic()
    for _ in range(CHAT.burst):
        await first.acquire(1)
    assert waits == []
    for _ in range(3):
        await second.acquire(1)
    meanwhile = time.monotonic() - started
    assert all(full - meanwhile <= wait <= full for full, wait in zip((1, 2, 3), waits, strict=True))
    await second.acquire(2)
    assert len(waits) == 3


async def test_replicas_share_the_overall_pace(replica, waits) -> None:
    replicas = [replica(), replica(), replica()]
    started = time.monotonic()
    for chat in range(OVERALL.burst * 3):
        await replicas[chat % 3].acquire(chat)
    free_meanwhile = (time.monotonic() - started) / OVERALL.interval
    assert OVERALL.burst * 2 - free_meanwhile - 2 < len(waits) <= OVERALL.burst * 2
    assert max(waits) < 2.01


async def test_a_group_gets_less(replica, waits) -> None:
    first, second = replica(), replica()
    started = time.monotonic()
    for _ in range(GROUP.burst):
        await first.acquire(-5)
    await second.acquire(-5)
    assert GROUP.interval - (time.monotonic() - started) <= waits[0] <= GROUP.interval


async def test_no_minute_of_a_chat_holds_more_edits_than_allowed_whoever_makes_them(replica, passed) -> None:
    replicas = [replica(), replica()]
    at: list[float] = []
    for number in range(EDITS * 3):
        await replicas[number % 2].acquire(1, edit=True)
        at.append(time.monotonic() + sum(passed))
    assert all(later - earlier > WINDOW - 1 for earlier, later in zip(at, at[EDITS:], strict=False))
    assert at[-1] - at[0] < 2 * WINDOW + CHAT.interval * EDITS


async def test_a_message_does_not_wait_for_an_edit_that_waits(
    replica, redis, bot_keys, waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = replica()
    for _ in range(EDITS):
        await limit.acquire(1, edit=True)
    await redis.delete(bot_keys.pace("chat:1"))  # as after the seconds that the bursts take
    edit = Waiting(limit, monkeypatch)
    await edit.begun()
    assert edit.waits[0] > WINDOW - 20
    await asyncio.wait_for(limit.acquire(1), 30)
    assert len(edit.waits) == 1
    await edit.end()


async def test_edits_that_bots_were_killed_before_cost_the_chat_nothing(
    replica, waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(EDITS):
        await replica().acquire(1, edit=True)
    for _ in range(EDITS * 2):
        edit = Waiting(replica(), monkeypatch)
        await edit.begun()
        await edit.end()
    assert edit.waits[0] <= WINDOW + CHAT.interval * EDITS


async def test_a_progress_edit_is_left_out_where_it_would_cost_something(replica, waits) -> None:
    first, second = replica(), replica()
    assert await first.try_acquire(1, edits=2)
    assert await second.try_acquire(1, edits=2)
    assert not await first.try_acquire(1, edits=2)
    chats = itertools.count(100)
    while max(waits, default=0.0) < 1:  # until the pace of all is used up for a second to come
        await first.acquire(next(chats))
    assert not await second.try_acquire(2, edits=2)


async def test_a_429_is_obeyed_by_all_replicas(replica, waits) -> None:
    first, second = replica(), replica()
    started = time.monotonic()
    await first.close(1, 7)
    await second.acquire(1)
    await first.close(None, 3)
    await second.acquire(2)
    meanwhile = time.monotonic() - started
    assert all(full - meanwhile <= wait <= full for full, wait in zip((7, 3), waits, strict=True))


async def test_without_redis_each_replica_keeps_a_budget_of_its_own(bot_keys) -> None:
    async with Client.from_url("redis://127.0.0.1:1") as nowhere:
        limit = SharedLimiter(nowhere, bot_keys)
        async with asyncio.timeout(30):
            for _ in range(CHAT.burst):
                await limit.acquire(1)
            assert not await limit.try_acquire(1, edits=12)


async def test_a_redis_that_does_not_answer_is_not_waited_for_again_and_again(
    redis_url: str, bot_keys, redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_limiter, "PATIENCE", 0.2)
    async with Client.from_url(redis_url) as client:
        limit = SharedLimiter(client, bot_keys)
        await redis.client_pause(60_000, all=False)
        started = time.monotonic()
        await limit.acquire(1)
        await limit.acquire(1)
        assert time.monotonic() - started < 30
        await redis.client_unpause()


async def test_nothing_is_kept_of_chats_that_are_quiet(replica, redis, bot_keys) -> None:
    limit = replica()
    await limit.acquire(1, edit=True)
    for key in await redis.keys(bot_keys.pace("*")):
        assert 0 < await redis.pttl(key) <= (WINDOW + 1) * 1000
