from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from qwenedit_bot import consumer as consumer_module
from qwenedit_bot.consumer import Consumer
from qwenedit_bot.errors import TelegramUnavailableError
from qwenedit_bot.updates import GROUP, ReceivedUpdate, UpdateStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys

    Handler = Callable[[ReceivedUpdate], Awaitable[None]]


def update(number: int, chat: int = 1) -> dict[str, Any]:
    return {"update_id": number, "message": {"message_id": number, "chat": {"id": chat}, "text": "hello"}}


def stream(redis: Redis, keys: BotKeys, consumer: str = "a") -> UpdateStream:
    return UpdateStream(redis, keys, consumer=consumer)


@asynccontextmanager
async def consuming(
    updates: UpdateStream, handle: Handler, *, give_up_after: float | None = None, concurrency: int = 8
) -> AsyncIterator[asyncio.Event]:
    stop = asyncio.Event()
    worker = Consumer(
        updates, handle, lane=lambda entry: entry.chat, name="test", concurrency=concurrency,
        give_up_after=give_up_after, due=updates.due,
    )  # fmt: skip
    task = asyncio.create_task(worker.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await task


async def eventually(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_an_update_that_comes_twice_is_taken_once(redis: Redis, bot_keys: BotKeys) -> None:
    updates = stream(redis, bot_keys)
    assert await updates.take([update(1), update(2)]) == 2
    assert await updates.take([update(2), update(3)]) == 1
    assert await redis.xlen(bot_keys.updates) == 3


async def test_a_handled_update_leaves_nothing_behind(redis: Redis, bot_keys: BotKeys) -> None:
    updates = stream(redis, bot_keys)
    seen: list[int] = []

    async def handle(received: ReceivedUpdate) -> None:
        seen.append(received.update_id)

    await updates.take([update(1), update(2)])
    async with consuming(updates, handle):
        await eventually(lambda: len(seen) == 2)
    assert await redis.xlen(bot_keys.updates) == 0
    assert (await redis.xpending(bot_keys.updates, GROUP))["pending"] == 0


async def test_one_chats_updates_are_handled_in_order_and_two_chats_side_by_side(
    redis: Redis, bot_keys: BotKeys
) -> None:
    updates = stream(redis, bot_keys)
    log: list[tuple[str, int]] = []
    other_done = asyncio.Event()

    async def handle(received: ReceivedUpdate) -> None:
        log.append(("begin", received.update_id))
        if received.chat == 1:
            await other_done.wait()
        log.append(("end", received.update_id))
        if received.chat == 2:
            other_done.set()

    await updates.take([update(1, 1), update(2, 1), update(3, 2)])
    async with consuming(updates, handle):
        await eventually(lambda: ("end", 2) in log)
    assert log.index(("end", 3)) < log.index(("end", 1)) < log.index(("begin", 2))


@pytest.mark.parametrize("error", [TelegramUnavailableError("5xx"), RedisConnectionError("gone")])
async def test_what_does_not_answer_is_asked_again(redis: Redis, bot_keys: BotKeys, error: Exception) -> None:
    updates = stream(redis, bot_keys)
    calls = 0

    async def handle(_received: ReceivedUpdate) -> None:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise error

    await updates.take([update(1)])
    async with consuming(updates, handle):
        await eventually(lambda: calls == 3)
    assert await redis.xlen(bot_keys.updates) == 0


async def test_an_entry_that_runs_into_a_defect_is_dropped_and_the_next_one_handled(
    redis: Redis, bot_keys: BotKeys
) -> None:
    updates = stream(redis, bot_keys)
    seen: list[int] = []

    async def handle(received: ReceivedUpdate) -> None:
        seen.append(received.update_id)
        if received.update_id == 1:
            raise KeyError("defect")

    await updates.take([update(1), update(2)])
    async with consuming(updates, handle):
        await eventually(lambda: 2 in seen)
    assert seen == [1, 1, 1, 2]
    assert await redis.xlen(bot_keys.updates) == 0


async def test_an_update_whose_chat_has_none_left_is_known_to_be_first(redis: Redis, bot_keys: BotKeys) -> None:
    updates = stream(redis, bot_keys)
    await updates.prepare()

    async def taken(*numbers: int, chat: int = 1) -> list[ReceivedUpdate]:
        await updates.take([update(number, chat) for number in numbers])
        return await updates.read(count=10, block=1)

    one, two = await taken(1, 2)
    (of_another_chat,) = await taken(3, chat=2)
    assert (one.first, two.first, of_another_chat.first) == (True, False, True)
    await updates.acknowledge(one)
    (three,) = await taken(4)
    assert not three.first
    assert (await updates.due(two), await updates.due(three)) == (True, False)
    for each in (two, three):
        await updates.acknowledge(each)
    (four,) = await taken(5)
    assert four.first


async def test_what_was_in_hand_at_a_crash_is_handled_first_after_the_restart(redis: Redis, bot_keys: BotKeys) -> None:
    crashed = stream(redis, bot_keys)
    await crashed.prepare()
    await crashed.take([update(1)])
    assert len(await crashed.read(count=1, block=1.0)) == 1
    await crashed.take([update(2)])
    seen: list[int] = []

    async def handle(received: ReceivedUpdate) -> None:
        seen.append(received.update_id)

    async with consuming(stream(redis, bot_keys), handle):
        await eventually(lambda: len(seen) == 2)
    assert seen == [1, 2]


async def test_updates_of_a_dead_replica_are_taken_over_and_those_in_hand_are_not(
    redis: Redis, bot_keys: BotKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "ABANDONED_AFTER", 2.0)
    monkeypatch.setattr(consumer_module, "HOLD_EVERY", 0.2)
    dead = stream(redis, bot_keys, "dead")
    await dead.prepare()
    await dead.take([update(1, 1)])
    await dead.read(count=1, block=1.0)
    await dead.take([update(2, 2)])
    handled: list[tuple[str, int]] = []
    release = asyncio.Event()

    def handler(name: str) -> Handler:
        async def handle(received: ReceivedUpdate) -> None:
            handled.append((name, received.update_id))
            if received.update_id == 2:
                await release.wait()

        return handle

    async with consuming(stream(redis, bot_keys, "b"), handler("b")):
        await eventually(lambda: ("b", 2) in handled)
        async with consuming(stream(redis, bot_keys, "c"), handler("c")):
            await eventually(lambda: any(number == 1 for _name, number in handled))
            await asyncio.sleep(3.5)  # longer than an entry without a sign of life is left alone
            release.set()
    assert sorted(number for _name, number in handled) == [1, 2]


async def test_a_stop_waits_for_the_handler_and_reads_nothing_more(redis: Redis, bot_keys: BotKeys) -> None:
    updates = stream(redis, bot_keys)
    begun = asyncio.Event()
    done: list[int] = []

    async def handle(received: ReceivedUpdate) -> None:
        begun.set()
        await asyncio.sleep(0.5)
        done.append(received.update_id)

    await updates.take([update(1)])
    async with consuming(updates, handle) as stop:
        await begun.wait()
        stop.set()
    assert done == [1]
    assert await redis.xlen(bot_keys.updates) == 0


async def test_a_stop_leaves_what_hangs_to_the_next_start(
    redis: Redis, bot_keys: BotKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "DRAIN", 0.3)
    updates = stream(redis, bot_keys)
    begun = asyncio.Event()

    async def handle(_received: ReceivedUpdate) -> None:
        begun.set()
        await asyncio.Event().wait()

    await updates.take([update(1)])
    async with consuming(updates, handle) as stop:
        await begun.wait()
        stop.set()
    assert [received.update_id for received in await updates.mine(count=10)] == [1]


async def test_a_group_that_redis_lost_is_made_anew(redis: Redis, bot_keys: BotKeys) -> None:
    updates = stream(redis, bot_keys)
    seen: list[int] = []

    async def handle(received: ReceivedUpdate) -> None:
        seen.append(received.update_id)

    async with consuming(updates, handle):
        await updates.take([update(1)])
        await eventually(lambda: seen == [1])
        await redis.flushall()
        await updates.take([update(2)])
        await eventually(lambda: seen == [1, 2])


async def test_replicas_handle_one_chats_updates_one_after_another_in_order(redis: Redis, bot_keys: BotKeys) -> None:
    replicas = [stream(redis, bot_keys, name) for name in "abc"]
    log: dict[int, list[tuple[str, int]]] = {1: [], 2: [], 3: []}
    handlers: dict[str, set[int]] = {name: set() for name in "abc"}

    def handler(name: str) -> Handler:
        async def handle(received: ReceivedUpdate) -> None:
            handlers[name].add(received.update_id)
            log[received.chat].append(("begin", received.update_id))
            await asyncio.sleep(received.update_id % 7 / 300)
            log[received.chat].append(("end", received.update_id))

        return handle

    async with (
        consuming(replicas[0], handler("a"), concurrency=2),
        consuming(replicas[1], handler("b"), concurrency=2),
        consuming(replicas[2], handler("c"), concurrency=2),
    ):
        for number in range(0, 90, 3):
            await replicas[0].take([update(number + k, chat) for k, chat in enumerate(log)])
        await eventually(lambda: sum(map(len, log.values())) == 180, seconds=30)
    for k, chat in enumerate(log):
        assert log[chat] == [(what, number) for number in range(k, 90, 3) for what in ("begin", "end")]
    assert all(handlers.values())
    assert not await redis.keys(f"{bot_keys.chat_line_prefix}*")


async def test_what_a_killed_replica_held_comes_before_what_waits_for_it(
    redis: Redis, bot_keys: BotKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_module, "ABANDONED_AFTER", 0.6)
    monkeypatch.setattr(consumer_module, "HOLD_EVERY", 0.1)
    killed, other = stream(redis, bot_keys, "killed"), stream(redis, bot_keys, "other")
    await killed.take([update(1), update(2)])
    await killed.prepare()
    assert [entry.update_id for entry in await killed.read(count=1, block=1.0)] == [1]
    seen: list[int] = []

    async def handle(received: ReceivedUpdate) -> None:
        seen.append(received.update_id)

    async with consuming(other, handle, concurrency=1):  # all the room there is waits for the killed one's entry
        await eventually(lambda: len(seen) == 2)
    assert seen == [1, 2]


async def test_an_entry_that_is_gone_is_not_waited_for(redis: Redis, bot_keys: BotKeys) -> None:
    updates = stream(redis, bot_keys)
    await updates.take([update(1), update(2)])
    entries: Any = await redis.xrange(bot_keys.updates)
    await redis.xdel(bot_keys.updates, entries[0][0])  # as a replica of a release without lines does
    seen: list[int] = []

    async def handle(received: ReceivedUpdate) -> None:
        seen.append(received.update_id)

    async with consuming(updates, handle):
        await eventually(lambda: seen == [2])


@pytest.mark.parametrize(
    "strange",
    [
        {"message": 1},
        {"message": {"chat": []}},
        {"message": {"chat": {"id": False}}},
        {"callback_query": {"message": "x", "from": {"id": "y"}}},
        {},
    ],
)
def test_the_chat_of_what_is_no_update_is_none(strange: dict[str, Any]) -> None:
    assert repr(ReceivedUpdate("1-0", strange).chat) == "0"
