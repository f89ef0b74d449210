"""Elects the replica that does the upkeep: one leads, by a key in Redis that expires."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.common import timeouts
from qwenedit_bot.common.sure_writes import SureWrites
from qwenedit_jobs.backoff import pause

if TYPE_CHECKING:
    import asyncio

    from redis.asyncio import Redis

log = structlog.get_logger(__name__)


class Leadership:
    """Elects a leader by a key in Redis, whose value is the replica's name.

    After a process was paused, two may lead for a moment, so leaders' work is idempotent.
    """

    def __init__(self, redis: Redis, key: str, *, replica: str) -> None:
        self._replica = replica
        self._key = key
        self._writes = SureWrites(redis)
        self._until = 0.0

    @property
    def held(self) -> bool:
        """Whether this replica leads, by its own clock."""
        return time.monotonic() < self._until

    async def run(self, stop: asyncio.Event) -> None:
        """Take the key once it's free, and keep it; delete it at the end."""
        while not stop.is_set():
            await self._renew()
            await pause(stop, timeouts.LEADER_RENEW)
        if self.held:
            self._until = 0.0
            with suppress(RedisError):  # it expires by itself
                await self._writes.resign(self._key, self._replica)

    async def _renew(self) -> None:
        began, led = time.monotonic(), self.held
        try:
            leads = await self._writes.lead(self._key, self._replica, lease=timeouts.LEADER_LEASE)
        except RedisError:
            return  # it expires by itself, here and there
        self._until = began + timeouts.LEADER_LEASE if leads else 0.0
        if led != self.held:
            log.info("leader.gained" if self.held else "leader.lost")
