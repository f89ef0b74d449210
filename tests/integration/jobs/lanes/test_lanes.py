"""The fair queue of updates and answers, on a real Redis."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest

from qwenedit_jobs.lanes import Lanes, Put

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from qwenedit_jobs.lanes import Entry

PREFIX = "qwenedit:test"
MANY = 150
"""More holds than one call looks through."""


@pytest.fixture
def redis(desk: Any) -> Redis:
    return cast("Redis", desk.redis)


@pytest.fixture
def lanes(redis: Redis) -> Lanes:
    return Lanes(redis, PREFIX, name="one")


async def taken(lanes: Lanes, count: int = 100) -> list[Entry]:
    rows, _wait = await lanes.next(count)
    return rows


async def taken_until(lanes: Lanes, enough: Callable[[list[Entry]], bool]) -> list[Entry]:
    """Take what comes, also later, until it is enough."""
    found: list[Entry] = []
    async with asyncio.timeout(60):
        while not enough(found):
            rows, wait = await lanes.next(10)
            found += rows
            await asyncio.sleep(0 if rows else wait or 0)
    return found


def ids(rows: list[Entry]) -> list[str]:
    return [row.id for row in rows]


async def test_lanes_hand_out_one_entry_of_each_lane_in_order(lanes: Lanes) -> None:
    for lane, entry in (("z", "1"), ("z", "2"), ("b", "3")):
        assert await lanes.put(lane, entry, f"payload {entry}") is Put.PUT
    first = await taken(lanes)
    assert [(row.lane, row.id, row.payload) for row in first] == [("z", "1", "payload 1"), ("b", "3", "payload 3")]
    assert await taken(lanes) == []
    assert (await lanes.done(first[0])).first
    assert ids(await taken(lanes)) == ["2"]


async def test_done_says_whether_entries_wait_that_nobody_has_in_hand(lanes: Lanes) -> None:
    for lane, entry in (("a", "1"), ("b", "2"), ("b", "3"), ("c", "4")):
        await lanes.put(lane, entry, "")
    one, two, four = await taken(lanes)
    assert not (await lanes.done(one)).more
    assert (await lanes.done(two)).more
    (three,) = await taken(lanes)
    assert not (await lanes.done(three)).more
    await lanes.put("d", "5", "")
    (five,) = await taken(lanes)
    await lanes.park(five, 60.0, alone=True)
    assert (await lanes.done(four)).more


async def test_lanes_bound_what_a_sender_may_have_waiting(lanes: Lanes) -> None:
    for number in range(3):
        assert await lanes.put("group", f"a{number}", "", sender="a", most=3) is Put.PUT
    assert await lanes.put("group", "a3", "", sender="a", most=3) is Put.FULL
    assert await lanes.put("group", "b0", "", sender="b", most=3) is Put.PUT
    (row,) = await taken(lanes)
    await lanes.done(row)
    assert await lanes.put("group", "a3", "", sender="a", most=3) is Put.PUT


async def test_lanes_give_one_sender_two_places_in_hand_and_others_the_rest(redis: Redis, lanes: Lanes) -> None:
    for number in range(100):
        await lanes.put(f"group {number:02}", f"a{number:02}", "", sender="a")
    await lanes.put("z", "b", "", sender="b")
    first, *others = rows = await taken(lanes, 10)
    assert [row.id for row in rows][:2] == ["a00", "a01"]
    rows += await taken_until(lanes, lambda found: "b" in ids(found))
    assert ids(rows) == ["a00", "a01", "b"]
    assert await taken(Lanes(redis, PREFIX, name="two"), 10) == [], "another replica gives them a share of its own"
    await lanes.done(first)
    assert ids(await taken_until(lanes, bool)) == ["a02"], "they are not handed out in their order"
    for row in others:
        await lanes.done(row)


async def test_hold_that_ran_out_goes_to_somebody_else_and_its_end_changes_nothing(redis: Redis) -> None:
    slow, other = Lanes(redis, PREFIX, name="slow", hold=60), Lanes(redis, PREFIX, name="other")
    await slow.put("a", "1", "")
    await slow.put("a", "2", "")
    (row,) = await taken(slow)
    assert await taken(other) == []
    assert await redis.zadd(slow.key("ready"), {"a": 1}, xx=True, ch=True) == 1  # the minute passes
    (again,) = await taken(other)
    assert again.id == "1"
    assert not await slow.park(row, 0.0)
    assert await slow.renew([row]) == 0
    assert (await slow.done(row)).first  # it was worked off all the same
    assert await taken(slow) == []  # and the lane is the other one's still
    await other.done(again)
    assert ids(await taken(slow)) == ["2"]


async def filled(lanes: Lanes, count: int, *, of: str = "lane") -> set[str]:
    """Put one entry into each of many lanes, and return their ids."""
    found = {f"{of} {number}" for number in range(count)}
    for each in found:
        await lanes.put(each, each, "")
    return found


@pytest.mark.parametrize("end", ["hold", "pause"])
async def test_holds_and_pauses_that_end_together_come_out_in_full_before_anybody_is_told_to_wait(
    redis: Redis, end: str
) -> None:
    slow, other = Lanes(redis, PREFIX, name="slow", hold=0.05), Lanes(redis, PREFIX, name="other", hold=600)
    put = await filled(slow, MANY)
    rows = await taken(slow if end == "hold" else other, MANY)
    assert len(rows) == MANY
    if end == "pause":
        for row in rows:
            assert await other.park(row, 0.05, alone=True)
    await asyncio.sleep(0.06)
    found: list[Entry] = []
    wait: float | None = 0
    async with asyncio.timeout(60):
        while wait == 0 and len(found) < MANY:
            more, wait = await other.next(MANY)
            found += more
    assert set(ids(found)) == put
    assert len(found) == MANY


async def test_hold_goes_on_with_signs_of_life(redis: Redis) -> None:
    lanes, other = Lanes(redis, PREFIX, name="one", hold=30), Lanes(redis, PREFIX, name="other")
    await lanes.put("a", "1", "")
    rows = await taken(lanes)
    for _ in range(4):
        await add(redis, ahead=-10_000)  # so much time passes
        assert await lanes.renew(rows) == 1
        assert await taken(other) == []


async def test_restart_finds_its_own_entries_among_many_of_others(redis: Redis) -> None:
    """Also of one whose name begins as its own does."""
    own, other = (Lanes(redis, PREFIX, name=name, hold=600) for name in ("bot", "bot-2"))
    await filled(other, MANY, of="other's")
    others = await taken(other, MANY)
    put = await filled(own, MANY, of="own")
    assert set(ids(await taken(own, MANY))) == put
    assert await own.release_own_holds() == MANY
    assert set(ids(await taken(own, MANY))) == put
    assert await other.renew(others) == MANY


async def test_entry_set_aside_is_out_of_the_way_until_somebody_retries_it(lanes: Lanes) -> None:
    await lanes.put("a", "1", "x\ny", sender="s")
    await lanes.put("a", "2", "")
    (row,) = await taken(lanes)
    await lanes.set_aside(row, {"error": "KeyError"})
    assert ids(await taken(lanes)) == ["2"]
    (aside,) = await lanes.list_set_aside()
    assert (aside.id, aside.lane, aside.sender, aside.why, aside.payload) == ("1", "a", "s", "KeyError", "x\ny")
    assert await lanes.retry_set_aside("1")
    assert not await lanes.retry_set_aside("1")
    assert await lanes.list_set_aside() == []


async def test_entry_that_waits_apart_leaves_nothing_there_if_an_earlier_holder_sets_it_aside(
    redis: Redis, lanes: Lanes
) -> None:
    """A holder that was stopped comes back when another one has parked the entry. It's in one place at a time."""
    stopped = Lanes(redis, PREFIX, name="stopped", hold=0)
    for entry in ("1", "2", "3"):
        await lanes.put("a", entry, "", sender="7")
    [late] = await taken(stopped)
    [now] = await taken(lanes)
    assert (late.id, now.id) == ("1", "1")
    await lanes.park(now, 60, alone=True)
    await stopped.set_aside(late, {"error": "defect"})
    assert await redis.hget(lanes.key("senders"), "a|7") == "2"
    assert await lanes.make_due_apart("a") == 0
    assert not await redis.exists(lanes.key("parked"), "qwenedit:test:lane:a:apart")
    assert await lanes.retry_set_aside("1")
    assert await redis.lrange("qwenedit:test:lane:a", 0, -1) == ["2", "3", "1"]


async def test_entry_is_rewritten_unless_it_is_in_hand(lanes: Lanes) -> None:
    for number in ("1", "2"):
        await lanes.put("a", number, "x")
    (row,) = await taken(lanes)
    assert not await lanes.rewrite("a", "1", "y")
    assert await lanes.rewrite("a", "2", "y")
    assert not await lanes.rewrite("a", "3", "y")
    await lanes.park(row, 0.0)
    assert await lanes.rewrite("a", "1", "z")
    assert await lanes.of_lane("a") == {"1": "z", "2": "y"}
    (again,) = await taken(lanes)
    assert again.payload == "z"


async def test_lane_is_made_due_unless_it_is_in_hand(lanes: Lanes) -> None:
    assert not await lanes.make_due("a")
    await lanes.put("a", "1", "x")
    (row,) = await taken(lanes)
    assert not await lanes.make_due("a")
    await lanes.park(row, 60.0)
    assert await taken(lanes) == []
    assert await lanes.make_due("a")
    assert [each.id for each in await taken(lanes)] == ["1"]


async def test_lanes_leave_nothing_behind_for_long(redis: Redis, lanes: Lanes) -> None:
    for number in range(10):
        await lanes.put(f"lane {number % 3}", str(number), "", sender=str(number % 2), most=20)
    waited = await taken(lanes)
    for row in waited:
        await lanes.park(row, 0.0, why="pace")
    while rows := await taken(lanes):
        for row in rows:
            await lanes.done(row)
    left = {key: await redis.pttl(key) for key in await redis.keys(f"{PREFIX}*")}
    assert left.keys() == {lanes.why_key(row.id) for row in waited}
    assert all(0 < milliseconds <= 60_000 for milliseconds in left.values())


async def test_entry_that_waits_apart_lets_others_go_first_and_is_due_when_asked_for(
    redis: Redis, lanes: Lanes
) -> None:
    for entry in "ab":
        await lanes.put("lane", entry, "")
    (apart,) = await taken(lanes)
    await lanes.park(apart, 3_600.0, alone=True)
    (other,) = await taken(lanes)
    assert (apart.id, other.id) == ("a", "b")
    await lanes.done(other)
    assert await taken(lanes) == []
    assert [await lanes.make_due_apart(lane) for lane in ("another", "lane")] == [0, 1]
    (apart,) = await taken(lanes)
    await lanes.done(apart)
    await redis.sadd(f"{PREFIX}:lane:lane:apart", "of a version that did not know it")
    assert await lanes.make_due_apart("lane") == 0
    assert not await redis.exists(f"{PREFIX}:lane:lane:apart")


async def test_lanes_go_on_in_a_full_redis(redis: Redis, lanes: Lanes) -> None:
    for number in range(4):
        await lanes.put("abcd"[number], str(number), "")
    await redis.config_set("maxmemory", 1)
    try:
        first, second, third, fourth = await taken(lanes)
        assert (await lanes.done(first)).first
        assert await lanes.park(second, 0.0, failed=True)
        assert await lanes.park(third, 0.0, alone=True)
        await lanes.set_aside(fourth, {"error": "x"})
        assert sorted(ids(await taken(lanes))) == ["1", "2"]
    finally:
        await redis.config_set("maxmemory", 0)


HOUR = 3_600_000
"""Milliseconds."""


async def add(redis: Redis, **milliseconds: int) -> None:
    for field, amount in milliseconds.items():
        await redis.hincrby(f"{PREFIX}:time", field, amount)


@pytest.mark.parametrize("step", [HOUR, -HOUR, 100 * HOUR])
async def test_step_of_redis_clock_neither_ends_nor_prolongs_pauses_and_holds(
    redis: Redis, lanes: Lanes, step: int
) -> None:
    for lane in ("parked", "held"):
        await lanes.put(lane, lane, "x")
    for row in await taken(lanes):
        if row.lane == "parked":
            await lanes.park(row, 60.0)
    await add(redis, seen=-step, ahead=-step)  # what was noted of the clock before lies further back, or ahead
    assert await taken(lanes) == []
    await lanes.put("new", "new", "x")
    assert ids(await taken(lanes)) == ["new"]
    await add(redis, ahead=-31_000)
    assert "held" in ids(await taken(lanes))
    await add(redis, ahead=-30_000)
    assert "parked" in ids(await taken(lanes))
