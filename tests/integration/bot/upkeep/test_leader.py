from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qwenedit_bot.upkeep import leader
from qwenedit_bot.upkeep.leader import Leadership
from qwenedit_testkit.waiting import eventually

if TYPE_CHECKING:
    import pytest
    from redis.asyncio import Redis

KEY = "qwenedit:leader"


async def test_leader_is_one_replica_and_the_next_follows_when_it_resigns(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "RENEW_EVERY", 0.05)
    first, second = Leadership(redis, KEY, replica="a"), Leadership(redis, KEY, replica="b")
    stop_first, stop_second = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(first.run(stop_first))
        await eventually(lambda: first.held)
        tasks.create_task(second.run(stop_second))
        await asyncio.sleep(0.3)
        assert not second.held
        stop_first.set()
        await eventually(lambda: second.held)
        assert not first.held
        stop_second.set()
    assert await redis.get(KEY) is None


async def test_replica_that_restarts_under_its_name_leads_at_once(redis: Redis) -> None:
    await redis.set(KEY, "a", px=60_000)
    again, stop = Leadership(redis, KEY, replica="a"), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(again.run(stop))
        await eventually(lambda: again.held)
        stop.set()


async def test_replica_that_cannot_renew_stops_leading_by_its_own_clock(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leader, "LEASE", 0.3)
    alone, stop = Leadership(redis, KEY, replica="a"), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(alone.run(stop))
        await eventually(lambda: alone.held)
        await eventually(lambda: not alone.held)
        stop.set()
