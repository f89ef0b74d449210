"""What a consumer does when Redis is replaced under it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from qwenedit_bot.consumer import Consumer


@dataclass(frozen=True)
class Entry:
    entry: str = "1-0"


class Stream:
    """One entry, on servers that take each other's place after so many calls."""

    def __init__(self, *servers: str) -> None:
        self.servers = list(servers)
        self.acknowledged = 0
        self.left = [Entry()]

    async def prepare(self) -> None:
        return

    async def read(self, **_limits: float) -> list[Entry]:
        await asyncio.sleep(0)
        found, self.left = self.left, []
        return found

    async def mine(self, **_limits: float) -> list[Entry]:
        return []

    reclaim = mine

    async def hold(self, _entries: object) -> None:
        return

    async def acknowledge(self, _entry: Entry) -> None:
        self.acknowledged += 1

    async def server(self) -> str:
        return self.servers.pop(0) if len(self.servers) > 1 else self.servers[0]


async def handled(stream: Stream) -> int:
    """Return how often the entry was handled until nothing more was done about it."""
    times = 0
    stop = asyncio.Event()

    async def handle(_entry: Entry) -> None:
        nonlocal times
        times += 1

    consumer = Consumer(stream, handle, lane=lambda _entry: 1, name="test", concurrency=1, give_up_after=None)
    running = asyncio.create_task(consumer.run(stop))
    while stream.acknowledged < times or not times:
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    stop.set()
    await running
    return times


async def test_an_entry_is_handled_once_where_redis_stays_the_same():
    stream = Stream("a")
    assert (await handled(stream), stream.acknowledged) == (1, 1)


async def test_an_entry_whose_handling_may_be_lost_with_a_replaced_redis_is_handled_again():
    stream = Stream("a", "b")
    assert (await handled(stream), stream.acknowledged) == (2, 2)


async def test_an_entry_is_handled_until_redis_stays_the_same():
    stream = Stream("a", "b", "c", "c")
    assert (await handled(stream), stream.acknowledged) == (3, 3)
