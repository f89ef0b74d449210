"""Taking turns on something that several workers share, such as one ComfyUI."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

    from qwenedit_jobs.keys import Keys

WAKE_KEPT = 5_000
"""Milliseconds for which a turn that was passed on wakes the next one who waits; later it is found free without."""


class Turns:
    """Turns on one shared thing: a lease in Redis, by Redis' clock, that its holder renews.

    Every method may raise `redis.exceptions.RedisError`, and may then be called again.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        shared: Names the thing, such as a server's address.
        waiter: A client whose connections are for `wait` alone: its socket time-out must exceed the wait.
    """

    def __init__(self, redis: Redis, keys: Keys, *, shared: str, waiter: Redis | None = None) -> None:
        name = hashlib.sha256(shared.encode()).hexdigest()[:16]
        self._waiter = waiter or redis
        self._keys = (keys.turn(name), keys.turn_passed(name))
        self._take = _script(redis, "turn_take")
        self._pass = _script(redis, "turn_pass")

    async def take(self, token: str, holder: str, *, lease: float) -> str:
        """Have the turn, or go on having it, for `lease` seconds.

        Args:
            token: Random, without a space; repeating a call with the same one is harmless.
            holder: Who asks, for the others.
            lease: Seconds until others may have it, unless this is called again.

        Returns:
            Who else has it; empty when it is the caller's.
        """
        return str(await self._take(keys=self._keys, args=(token, holder, round(lease * 1000))))

    async def pass_on(self, token: str) -> None:
        """Let the next one have it; nothing happens where it is somebody else's by now."""
        await self._pass(keys=self._keys, args=(token, WAKE_KEPT))

    async def wait(self, timeout: float) -> None:  # noqa: ASYNC109 - the time is Redis' to keep
        """Return when somebody has passed the turn on, or after `timeout` seconds; it may be taken again by then."""
        await self._waiter.blpop([self._keys[1]], timeout)


def _script(redis: Redis, name: str) -> AsyncScript:
    return redis.register_script((files("qwenedit_jobs.workers") / "lua" / f"{name}.lua").read_text())
