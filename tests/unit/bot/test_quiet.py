"""When loops of the bot rest."""

from __future__ import annotations

import asyncio

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from qwenedit_bot.common.quiet import LOOKS_UNTIL_QUIET, Quiet
from qwenedit_bot.common.waiting import every


class Store:
    """As much of Redis as is asked."""

    def __init__(self) -> None:
        self.there = 0
        self.away = False

    async def exists(self, *_keys: str) -> int:
        if self.away:
            raise RedisConnectionError
        return self.there


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def quiet(store) -> Quiet:
    return Quiet(store, ("line", "leases"))


async def rests(quiet: Quiet) -> bool:
    """Whether a loop would wait now."""
    try:
        await asyncio.wait_for(quiet.rest(asyncio.Event()), 0.02)
    except TimeoutError:
        return True
    return False


async def look(quiet: Quiet, times: int) -> None:
    for _ in range(times):
        await quiet.look()


async def test_loops_rest_after_some_looks_that_found_nothing(quiet):
    await look(quiet, LOOKS_UNTIL_QUIET - 1)
    assert not await rests(quiet)
    await quiet.look()
    assert await rests(quiet)


async def test_work_that_a_look_finds_ends_the_rest_and_wakes(quiet, store):
    woken = asyncio.Event()
    quiet.wakes(woken)
    await look(quiet, LOOKS_UNTIL_QUIET)
    resting = asyncio.create_task(quiet.rest(asyncio.Event()))
    await asyncio.sleep(0)
    store.there = 1
    await quiet.look()
    await asyncio.wait_for(resting, 1)
    assert woken.is_set()


async def test_work_of_this_process_counts_although_no_look_sees_it(quiet):
    await look(quiet, LOOKS_UNTIL_QUIET)
    quiet.note_work()
    await look(quiet, LOOKS_UNTIL_QUIET - 1)
    assert not await rests(quiet)


async def test_nobody_rests_while_redis_does_not_answer(quiet, store):
    await look(quiet, LOOKS_UNTIL_QUIET)
    store.away = True
    with pytest.raises(RedisConnectionError):
        await quiet.look()
    assert not await rests(quiet)


async def test_loop_that_rests_ends_when_told_and_makes_no_last_round(quiet):
    await look(quiet, LOOKS_UNTIL_QUIET)
    stop, rounds = asyncio.Event(), []

    async def tick() -> None:
        rounds.append(1)

    loop = asyncio.create_task(every(0.01, stop, tick, name="loop", when=lambda: True, rest=quiet.rest))
    await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(loop, 1)
    assert rounds == []
