"""Elects the replica that runs the janitor, the progress edits and whatever else only one may run."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog
from redis.asyncio.lock import Lock
from redis.exceptions import LockNotOwnedError, RedisError

from qwenedit_bot.common.waiting import pause

if TYPE_CHECKING:
    import asyncio

    from redis.asyncio import Redis

LEASE = 6.0
"""Seconds after which another replica leads when this one falls silent."""
RENEW_EVERY = 2.0

log = structlog.get_logger(__name__)


class Leadership:
    """A lock in Redis, whose value is the replica's name for the operator.

    Two may hold it for a moment (a paused process), so what leaders do is repeatable.
    """

    def __init__(self, redis: Redis, key: str, *, replica: str) -> None:
        self._replica = replica
        self._lock = Lock(redis, key, timeout=LEASE, blocking=False, thread_local=False)
        self._until = 0.0

    @property
    def held(self) -> bool:
        """Whether this replica leads now, by its own clock."""
        return time.monotonic() < self._until

    async def run(self, stop: asyncio.Event) -> None:
        """Take and keep the lock as long as nobody else has it; release it at the end."""
        while not stop.is_set():
            await self._renew()
            await pause(stop, RENEW_EVERY)
        if self.held:
            self._until = 0.0
            with suppress(RedisError):  # it expires by itself
                await self._lock.release()

    async def _renew(self) -> None:
        asked, led = time.monotonic(), self.held
        try:
            leads = await (self._lock.reacquire() if led else self._lock.acquire(token=self._replica))
        except LockNotOwnedError:
            leads = False
        except RedisError:
            return  # the lock expires by itself, here and there
        self._until = asked + LEASE if leads else 0.0
        if led != self.held:
            log.info("leader.gained" if self.held else "leader.lost")
