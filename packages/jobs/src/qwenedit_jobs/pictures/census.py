"""Counts the bytes of pictures in Redis by what they are for: operators see what cannot go, and what is a cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.queue.queue_view import QueueView

SCANNED_AT_ONCE = 1_000
"""Keys that Redis looks at in one go, a millisecond, while it does nothing else."""
_INPUT = ":in:"


@dataclass(frozen=True, slots=True)
class Census:
    """Bytes of pictures by kind."""

    inputs: int = 0
    """Photos of jobs that wait or run, and photos on their way to their job."""
    results: int = 0
    """Results that their users do not have yet."""
    promised: int = 0
    """Room that is kept free for the results of jobs that wait or run."""
    answered: int = 0
    """Results of answered jobs and photos of failed ones: they go when others need the room."""
    oldest_answered: float | None = None
    """When the oldest of these was answered, in seconds since the epoch by Redis' clock; None where there is none."""


async def take_census(redis: Redis, keys: Keys, queue: QueueView) -> Census:
    """Look at every key; what comes and goes meanwhile may be missed.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        queue: Knows what the jobs' results may take.

    Raises:
        NoPermissionError: this Redis user may not look.
    """
    promised = await queue.promised_bytes()
    prefix = keys.picture("")
    names = {str(name) async for name in redis.scan_iter(f"{prefix}*", count=SCANNED_AT_ONCE)}
    dated = await redis.zrange(keys.answered_pictures, 0, -1, withscores=True)
    answered = dict(cast("list[tuple[str, float]]", dated))
    inputs = results = cached = 0
    since: list[float] = []
    for name, size in zip(names, await _sizes(redis, names), strict=True):
        ref = name.removeprefix(prefix)
        if ref in answered and size:
            cached += size
            since.append(answered[ref])
        elif _INPUT in ref:
            inputs += size
        else:
            results += size
    oldest = min(since) / 1000 if since else None
    return Census(inputs=inputs, results=results, promised=promised, answered=cached, oldest_answered=oldest)


async def _sizes(redis: Redis, names: set[str]) -> list[int]:
    pipeline = redis.pipeline(transaction=False)
    for name in names:
        pipeline.strlen(name)
    return cast("list[int]", await pipeline.execute())
