"""Checks that Redis evicts no keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis.exceptions import ResponseError

from qwenedit_jobs.errors import EvictionPolicyError

if TYPE_CHECKING:
    from redis.asyncio import Redis

KEEPS_ALL = "noeviction"


async def check_eviction_policy(redis: Redis) -> None:
    """Look whether a full Redis refuses writes, as it must, or deletes keys to make room.

    If the user may not read the policy, it's accepted.

    Raises:
        EvictionPolicyError: it deletes keys.
        RedisError: Redis is down.
    """
    try:
        memory = await redis.info("memory")
    except ResponseError:  # a Redis whose administrator keeps that to himself
        return
    policy = memory.get("maxmemory_policy", KEEPS_ALL)
    if policy != KEEPS_ALL:
        raise EvictionPolicyError(str(policy))
