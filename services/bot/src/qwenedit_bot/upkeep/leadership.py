"""Elects the replica that does the upkeep: one leads, by a lock in Redis."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from redis.asyncio.lock import Lock
from redis.exceptions import LockNotOwnedError, RedisError

from qwenedit_bot.common import timeouts
from qwenedit_jobs.backoff import pause

if TYPE_CHECKING:
    import asyncio

    from redis.asyncio import Redis

log = structlog.get_logger(__name__)


class Leadership:
    """Elects a leader by a lock in Redis, whose value is the replica's name.

    After a process was paused, two may lead for a moment, so leaders' work is idempotent.
    """

    def __init__(self, redis: Redis, key: str, *, replica: str) -> None:
        self._replica = replica
        self._lock = Lock(redis, key, timeout=timeouts.LEADER_LEASE, blocking=False, thread_local=False)
        self._until = 0.0

    @property
    def held(self) -> bool:
        """Whether this replica leads, by its own clock."""
        return time.monotonic() < self._until

    async def run(self, stop: asyncio.Event) -> None:
        """Take the lock once it's free, and keep it; release it at the end."""
        while not stop.is_set():
            await self._renew()
            await pause(stop, timeouts.LEADER_RENEW)
        if self.held:
            self._until = 0.0
            with suppress(RedisError):  # it expires by itself
                await self._lock.release()

    async def _renew(self) -> None:
        began, led = time.monotonic(), self.held
        try:
            leads = await (self._lock.reacquire() if led else self._lock.acquire(token=self._replica))
        except LockNotOwnedError:
            leads = False
        except RedisError:
            return  # the lock expires by itself, here and there
        self._until = began + timeouts.LEADER_LEASE if leads else 0.0
        if led != self.held:
            log.info("leader.gained" if self.held else "leader.lost")
