from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qwenedit_bot.common import timeouts
from qwenedit_bot.upkeep.leadership import Leadership
from qwenedit_testkit.waiting import eventually

if TYPE_CHECKING:
    import pytest
    from redis.asyncio import Redis

KEY = "qwenedit:leader"


async def test_leader_is_one_replica_and_the_next_follows_when_it_resigns(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "LEADER_RENEW", 0.05)
    first, second = Leadership(redis, KEY, replica="a"), Leadership(redis, KEY, replica="b")
    stop_first, stop_second = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first.run(stop_first))
        await eventually(lambda: first.held)
        tasks.create_task(second.run(stop_second))
        await asyncio.sleep(0.3)
        assert not second.held
        assert await redis.get(KEY) == "a", "`qwenedit status` shows it"
        assert 0 < await redis.pttl(KEY) <= 6_000, "the next one follows so soon if it dies"
        stop_first.set()
        await eventually(lambda: second.held)
        assert not first.held
        stop_second.set()
    assert await redis.get(KEY) is None


async def test_leader_that_lost_its_lock_notices_it_and_leads_again_only_when_it_is_free(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "LEADER_RENEW", 0.05)
    paused, stop = Leadership(redis, KEY, replica="a"), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(paused.run(stop))
        await eventually(lambda: paused.held)
        await redis.set(KEY, "another replica's")
        await eventually(lambda: not paused.held)
        assert await redis.get(KEY) == "another replica's"
        await redis.delete(KEY)
        await eventually(lambda: paused.held)
        stop.set()


async def test_replica_that_cannot_renew_stops_leading_by_its_own_clock(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "LEADER_LEASE", 0.3)
    alone, stop = Leadership(redis, KEY, replica="a"), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(alone.run(stop))
        await eventually(lambda: alone.held)
        await eventually(lambda: not alone.held)
        stop.set()
