"""Knows whether there is anything to do, so that loops which find nothing stop asking Redis for it.

An idle bot would otherwise send 1,600 commands a minute, to be told that nothing has come. Redis has no empty lists,
sets or hashes: one EXISTS a second over the keys that work lies in says whether any of it has.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

LOOK_EVERY = 1.0
"""Seconds between two looks: what another process brings is late by no more."""
REST = 30.0
"""Seconds between two rounds of a loop while there is nothing to do: what it measures is that old at most."""
LOOKS_UNTIL_QUIET = 3
"""Looks that must find nothing. Each loop has a round in between that sees the end of the last work."""


class Quiet:
    """Lets loops rest while there is nothing to do.

    Args:
        redis: Is asked.
        keys: Where work lies; there as long as there is some.
    """

    def __init__(self, redis: Redis, keys: Sequence[str]) -> None:
        self._redis = redis
        self._keys = tuple(keys)
        self._empty_looks = 0
        self._work = asyncio.Event()
        self._wakes: list[asyncio.Event] = []
        self._work.set()

    def wakes(self, event: asyncio.Event) -> None:
        """Have an event set at each look that finds work."""
        self._wakes.append(event)

    def note_work(self) -> None:
        """Note work of this process, which may be over at the next look."""
        self._empty_looks = 0
        self._work.set()

    async def look(self) -> None:
        """Look once.

        Raises:
            RedisError: it does not answer. Then nobody rests: each loop has its own way with that.
        """
        try:
            found = await self._redis.exists(*self._keys)
        except RedisError:
            self.note_work()
            raise
        if found:
            self.note_work()
            for event in self._wakes:
                event.set()
            return
        self._empty_looks += 1
        if self._empty_looks >= LOOKS_UNTIL_QUIET:
            self._work.clear()

    async def rest(self, stop: asyncio.Event) -> None:
        """Wait until there is work, for `REST` seconds at most, or until the wish to stop comes."""
        if self._work.is_set() or stop.is_set():
            return
        waits = asyncio.create_task(self._work.wait())
        stops = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait((waits, stops), timeout=REST, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (waits, stops):
                each.cancel()
