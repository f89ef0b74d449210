"""What the scheduler does about entries: in turn, side by side, parked, set aside, never lost."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from qwenedit_bot.chat.errors import LaterError, TelegramUnavailableError
from qwenedit_bot.common import timeouts
from qwenedit_bot.inbox.scheduler import PoisonError, Scheduler
from qwenedit_jobs.lanes import Lanes
from qwenedit_testkit.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from redis.asyncio import Redis

    from qwenedit_jobs.lanes import Entry

    Handle = Callable[[str], Awaitable[None]]

PREFIX = "qwenedit:test"


class Work:
    def __init__(self, handle: Handle, *, patience: int | None = None) -> None:
        self.handle = handle
        self.patience = patience
        self.apologies: list[str] = []

    async def __call__(self, row: Entry) -> None:
        await self.handle(row.id)

    def about(self, row: Entry) -> dict[str, str]:
        return {"job": f"job of {row.id}"}

    async def apologise(self, row: Entry) -> None:
        self.apologies.append(row.id)


@asynccontextmanager
async def working(
    lanes: Lanes, work: Work, *, slots: int = 8, ordered: bool = True, wake: asyncio.Event | None = None
) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    scheduler = Scheduler(lanes, work, name="updates", slots=slots, wake=wake or asyncio.Event(), ordered=ordered)
    task = asyncio.create_task(scheduler.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


@pytest.fixture
def lanes(redis: Redis) -> Lanes:
    return Lanes(redis, PREFIX, name="one")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "RETRY_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(timeouts, "REDIS_PAUSE", 0.01)
    monkeypatch.setattr(timeouts, "LANES_IDLE", 0.5)


async def empty(lanes: Lanes) -> None:
    async with asyncio.timeout(60):
        while (await lanes.occupancy()).waiting:
            await asyncio.sleep(0.01)


async def test_chats_are_handled_side_by_side_and_one_chat_in_order(lanes: Lanes) -> None:
    log: list[tuple[str, str]] = []
    other_done = asyncio.Event()

    async def handle(entry: str) -> None:
        log.append(("begin", entry))
        if entry != "other":
            await other_done.wait()
        log.append(("end", entry))
        if entry == "other":
            other_done.set()

    for lane, entry in (("1", "first"), ("1", "second"), ("2", "other")):
        await lanes.put(lane, entry, "")
    async with working(lanes, Work(handle)):
        await empty(lanes)
    assert log.index(("end", "other")) < log.index(("end", "first")) < log.index(("begin", "second"))


async def test_parked_entries_hold_no_slot(lanes: Lanes) -> None:
    """100 chats whose turn does not come, and one slot: everybody else goes on."""
    parked: set[str] = set()
    seen: list[str] = []

    async def handle(entry: str) -> None:
        if entry.startswith("slow"):
            parked.add(entry)
            raise LaterError(3600.0, "pace")
        seen.append(entry)

    for number in range(100):
        await lanes.put(f"slow {number}", f"slow {number}", "")
    async with working(lanes, Work(handle), slots=1):
        await eventually(lambda: len(parked) == 100)
        await lanes.put("quick", "quick", "")
        await eventually(lambda: seen == ["quick"])
    assert (await lanes.occupancy()).in_hand == 0


@pytest.mark.parametrize("error", [TelegramUnavailableError("5xx"), RedisConnectionError("gone")])
async def test_entry_that_fails_is_tried_again_in_its_place(lanes: Lanes, error: Exception) -> None:
    calls: list[str] = []

    async def handle(entry: str) -> None:
        calls.append(entry)
        if len(calls) < 3:
            raise error

    await lanes.put("1", "first", "")
    await lanes.put("1", "second", "")
    async with working(lanes, Work(handle)):
        await empty(lanes)
    assert calls == ["first", "first", "first", "second"]


async def test_answer_that_fails_lets_the_next_one_of_its_chat_go_first(lanes: Lanes) -> None:
    calls: list[str] = []

    async def handle(entry: str) -> None:
        calls.append(entry)
        if calls == ["first"]:
            raise TelegramUnavailableError("5xx")

    await lanes.put("1", "first", "")
    await lanes.put("1", "second", "")
    async with working(lanes, Work(handle), ordered=False):
        await empty(lanes)
    assert sorted(calls) == ["first", "first", "second"]


async def test_entry_that_telegram_never_takes_ends_with_an_apology_and_not_silently(lanes: Lanes) -> None:
    async def handle(_entry: str) -> None:
        raise TelegramUnavailableError("5xx")

    work = Work(handle, patience=4)
    await lanes.put("1", "first", "")
    async with working(lanes, work):
        await empty(lanes)
    assert work.apologies == ["first"]


async def test_answer_is_tried_for_ever(lanes: Lanes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "RETRY_LONGEST_PAUSE", 0.02)
    calls = 0

    async def handle(_entry: str) -> None:
        nonlocal calls
        calls += 1
        if calls < 40:
            raise TelegramUnavailableError("5xx")

    work = Work(handle)
    await lanes.put("1", "first", "")
    async with working(lanes, work, ordered=False):
        await empty(lanes)
    assert (calls, work.apologies) == (40, [])


async def test_defect_is_tried_three_times_and_then_set_aside_with_an_apology(lanes: Lanes) -> None:
    seen: list[str] = []

    async def handle(entry: str) -> None:
        seen.append(entry)
        if entry == "first":
            raise KeyError("a user's words")

    work = Work(handle)
    await lanes.put("1", "first", "payload")
    await lanes.put("1", "second", "")
    async with working(lanes, work):
        await empty(lanes)
    assert seen == ["first", "first", "first", "second"]
    assert work.apologies == ["first"]
    (aside,) = await lanes.list_set_aside()
    assert (aside.id, aside.why, aside.payload) == ("first", "KeyError", "payload")


async def test_poison_is_set_aside_at_once(lanes: Lanes) -> None:
    async def handle(entry: str) -> None:
        if entry == "first":
            raise PoisonError from ValueError("x")

    await lanes.put("1", "first", "")
    await lanes.put("1", "second", "")
    async with working(lanes, Work(handle)):
        await empty(lanes)
    assert [each.id for each in await lanes.list_set_aside()] == ["first"]


async def test_stop_waits_for_what_is_in_hand_and_takes_nothing_more(lanes: Lanes) -> None:
    begun = asyncio.Event()
    done: list[str] = []

    async def handle(entry: str) -> None:
        begun.set()
        await asyncio.sleep(0.2)
        done.append(entry)

    await lanes.put("1", "first", "")
    await lanes.put("1", "second", "")
    async with working(lanes, Work(handle)) as stop:
        await begun.wait()
        stop.set()
    assert done == ["first"]
    assert (await lanes.occupancy()).waiting == 1


async def test_stop_leaves_what_hangs_to_others_at_once(
    lanes: Lanes, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeouts, "DRAIN", 0.1)
    begun = asyncio.Event()

    async def handle(_entry: str) -> None:
        begun.set()
        await asyncio.Event().wait()

    await lanes.put("1", "first", "")
    async with working(lanes, Work(handle)) as stop:
        await begun.wait()
        stop.set()
    rows, _wait = await Lanes(redis, PREFIX, name="other").next(1)
    assert [row.id for row in rows] == ["first"]


async def test_replicas_handle_one_chats_entries_one_after_another_in_order(redis: Redis) -> None:
    replicas = [Lanes(redis, PREFIX, name=name) for name in "abc"]
    log: dict[str, list[tuple[str, int]]] = {"1": [], "2": [], "3": []}

    async def handle(entry: str) -> None:
        lane, number = entry.split("-")
        log[lane].append(("begin", int(number)))
        await asyncio.sleep(int(number) % 7 / 300)
        log[lane].append(("end", int(number)))

    work = Work(handle)
    async with (
        working(replicas[0], work, slots=2),
        working(replicas[1], work, slots=2),
        working(replicas[2], work, slots=2),
    ):
        for number in range(30):
            for lane in log:
                await replicas[0].put(lane, f"{lane}-{number}", "")
        await empty(replicas[0])
    for entries in log.values():
        assert entries == [(what, number) for number in range(30) for what in ("begin", "end")]
