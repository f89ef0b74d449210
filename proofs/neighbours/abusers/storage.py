"""Redis that is full, slow, or holds what nobody can read."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import OutOfMemoryError

from proofs.neighbours.abusers.base import Abuser, together
from qwenedit_bot.common.keys import BotKeys
from qwenedit_jobs import Keys
from qwenedit_jobs.lanes import Lanes
from qwenedit_testkit.photos import phone_photo
from qwenedit_testkit.proxy import Toxic

if TYPE_CHECKING:
    from proofs.neighbours.harness import Harness
    from telegram_simulator.client import Person

SMALL = "64mb"
"""`maxmemory` of a Redis that is full soon."""
FILLER = "filler"
"""Prefix of the keys that fill Redis."""
LOOK_EVERY = 0.2
PIECE = 256 * 1024
ENTRIES: tuple[dict[str, str], ...] = ({"nobody": "reads this"}, {"update": "{"}, {"update": "[]"}, {"raw": "\x00"})
PAYLOADS = ("", "{", "[]", "\x00", '{"message": 5}', '{"update_id": 1, "message": {"chat": {"id": "x"}}}')
EVENTS: tuple[dict[str, str], ...] = ({"nobody": "reads this"}, {"id": "0123456789abcdef", "state": "pondering"})


class Poison(Abuser):
    """Entries that no version of ours has written."""

    name = "poison"
    about = "unreadable updates and events, and a job of an unknown state, are put into Redis"

    def __init__(self) -> None:
        self._jobs: list[str] = []

    async def abuse(self, harness: Harness) -> None:
        """Put them there."""
        while not (jobs := [key async for key in harness.client.scan_iter("qwenedit:job:*", count=1000)]):
            await asyncio.sleep(LOOK_EVERY)
        for stream, entries in (("updates", ENTRIES), ("events", EVENTS)):
            for entry in entries:
                await harness.client.xadd(f"qwenedit:{stream}", dict[Any, Any](entry))
        lanes = [
            Lanes(harness.client, prefix)
            for prefix in (
                Keys().answers,
                BotKeys(prefix=Keys().prefix, bot_id=(await harness.chats.bot())["id"]).updates,
            )
        ]
        for each in lanes:
            for number, payload in enumerate(PAYLOADS):
                await each.put(f"{number}", f"poison-{number}", payload)
        fields = cast("dict[Any, Any]", await harness.client.hgetall(jobs[0]))
        name = secrets.token_hex(8)
        await harness.client.hset(f"qwenedit:job:{name}", mapping={**fields, "state": "pondering"})
        await harness.client.sadd(f"qwenedit:unfinished:{fields['user']}", name)
        await harness.client.zadd("qwenedit:delayed", {name: (time.time() + 86_400) * 1000})
        self._jobs.append(name)

    async def end(self, harness: Harness) -> None:
        """Take the job out of the line, as an operator would; the entries stay."""
        for name in self._jobs:
            user = cast("str | None", await harness.client.hget(f"qwenedit:job:{name}", "user"))
            await harness.client.zrem("qwenedit:delayed", name)
            await harness.client.srem(f"qwenedit:unfinished:{user}", name)
            await harness.client.delete(f"qwenedit:job:{name}")


class Crowd(Abuser):
    """More pictures than there is room for."""

    name = "full-of-pictures"
    about = f"16 people send photos until a Redis of {SMALL.upper()} has no room for pictures"
    refused = True

    async def abuse(self, harness: Harness) -> None:
        """Send photos."""
        await harness.shrink(SMALL)
        people = [await harness.user(f"Crowd {number}") for number in range(16)]
        await together(_keep_asking(person) for person in people)


async def _keep_asking(person: Person) -> None:
    while True:
        await person.send(photo=phone_photo(), caption="make it snow")
        await asyncio.sleep(2)


class Full(Abuser):
    """Something else that fills Redis to the last byte."""

    name = "full-redis"
    about = "something else fills Redis beyond its reserve, and is deleted at the end"
    refused = True
    stops_all = True

    async def abuse(self, harness: Harness) -> None:
        """Fill it, and keep it full."""
        await harness.shrink(SMALL)
        number = 0
        while True:
            try:
                await harness.client.set(f"{FILLER}:{number}", bytes(PIECE))
                number += 1
            except OutOfMemoryError:
                await asyncio.sleep(0.2)

    async def end(self, harness: Harness) -> None:
        """Delete it."""
        keys = [key async for key in harness.client.scan_iter(f"{FILLER}:*", count=1000)]
        if keys:
            await harness.client.unlink(*keys)


class SlowRedis(Abuser):
    """A wire between the workers and Redis that pictures take long for."""

    name = "slow-redis"
    about = "the workers' connections to Redis carry 100 kB/s each"

    async def abuse(self, harness: Harness) -> None:
        """Be slow."""
        harness.to_redis.toxic = Toxic.BANDWIDTH
        try:
            await asyncio.Event().wait()
        finally:
            harness.to_redis.toxic = None


ALL: tuple[type[Abuser], ...] = (Poison, Crowd, Full, SlowRedis)
