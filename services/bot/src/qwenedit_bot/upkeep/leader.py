"""Elects the replica that runs the janitor, the progress edits and whatever else only one may run."""

from __future__ import annotations

import time
from importlib.resources import files
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.common.waiting import pause

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from redis.asyncio import Redis

LEASE = 6.0
"""Seconds after which another replica leads when this one falls silent."""
RENEW_EVERY = 2.0

log = structlog.get_logger(__name__)


class Leadership:
    """A lease in Redis. It may be held by two for a moment (a paused process): what leaders do is repeatable.

    Args:
        redis: A client.
        key: The lease's key.
        replica: This replica's name; one that restarts under its old name goes on at once.
        on_gained: Called when it begins to lead.
    """

    def __init__(self, redis: Redis, key: str, *, replica: str, on_gained: Callable[[], None] = lambda: None) -> None:
        self._redis = redis
        self._key = key
        self._replica = replica
        self._on_gained = on_gained
        self._until = 0.0
        folder = files("qwenedit_bot.upkeep") / "lua"
        self._lead = redis.register_script((folder / "lead.lua").read_text())
        self._resign = redis.register_script((folder / "resign.lua").read_text())

    @property
    def held(self) -> bool:
        """Whether this replica leads now, by its own clock."""
        return time.monotonic() < self._until

    async def run(self, stop: asyncio.Event) -> None:
        """Take and keep the lease as long as nobody else has it; give it back at the end."""
        while not stop.is_set():
            await self._renew()
            await pause(stop, RENEW_EVERY)
        self._until = 0.0
        try:
            await self._resign(keys=(self._key,), args=(self._replica,))
        except RedisError as error:
            log.info("leader.not_resigned", error=type(error).__name__)

    async def _renew(self) -> None:
        asked = time.monotonic()
        led = self.held
        try:
            leads = await self._lead(keys=(self._key,), args=(self._replica, round(LEASE * 1000)))
        except RedisError:
            return  # the lease runs out by itself, here and there
        self._until = asked + LEASE if leads else 0.0
        if led != self.held:
            log.info("leader.gained" if self.held else "leader.lost")
            if self.held:
                self._on_gained()
