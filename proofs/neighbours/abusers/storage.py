"""Redis that is full, slow, or holds what nobody can read."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from redis.exceptions import OutOfMemoryError

from proofs.neighbours.abusers.base import abuser, together
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


@abuser()
async def poison(harness: Harness) -> None:
    """Put unreadable updates and events, and a job of an unknown state, into Redis."""
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
    try:
        await asyncio.Event().wait()
    finally:  # takes the job out of the line, as an operator would; the entries stay
        await harness.client.zrem("qwenedit:delayed", name)
        await harness.client.srem(f"qwenedit:unfinished:{fields['user']}", name)
        await harness.client.delete(f"qwenedit:job:{name}")


@abuser(refused=True)
async def full_of_pictures(harness: Harness) -> None:
    """Have 16 people send photos until a small Redis has no room for pictures."""
    await harness.shrink(SMALL)
    people = [await harness.user(f"Crowd {number}") for number in range(16)]
    await together(_keep_asking(person) for person in people)


async def _keep_asking(person: Person) -> None:
    while True:
        await person.send(photo=phone_photo(), caption="make it snow")
        await asyncio.sleep(2)


@abuser(refused=True, stops_all=True)
async def full_redis(harness: Harness) -> None:
    """Fill Redis beyond its reserve with something else, and delete that at the end."""
    await harness.shrink(SMALL)
    numbers = itertools.count()
    try:
        while True:
            with suppress(OutOfMemoryError):
                while True:
                    await harness.client.set(f"{FILLER}:{next(numbers)}", bytes(PIECE))
            await asyncio.sleep(LOOK_EVERY)
    finally:
        keys = [key async for key in harness.client.scan_iter(f"{FILLER}:*", count=1000)]
        if keys:
            await harness.client.unlink(*keys)


@abuser()
async def slow_redis(harness: Harness) -> None:
    """Let the workers' connections to Redis carry 100 kB/s each."""
    harness.to_redis.toxic = Toxic.BANDWIDTH
    try:
        await asyncio.Event().wait()
    finally:
        harness.to_redis.toxic = None
