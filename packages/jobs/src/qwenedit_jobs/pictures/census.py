"""Counts the bytes of pictures in Redis by what they are for: operators see what cannot go, and what is a cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.queue.queue_view import QueueView

SCANNED_AT_ONCE = 250
"""Keys that one command looks at: it holds neither Redis nor the bot's event loop for more than some milliseconds."""
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

    def plus(self, other: Census) -> Census:
        """Return the sum of both."""
        oldest = [each for each in (self.oldest_answered, other.oldest_answered) if each is not None]
        return Census(
            inputs=self.inputs + other.inputs,
            results=self.results + other.results,
            promised=self.promised + other.promised,
            answered=self.answered + other.answered,
            oldest_answered=min(oldest, default=None),
        )


async def take_census(redis: Redis, keys: Keys, queue: QueueView) -> Census:
    """Look at every key, some hundred at a time, and remember none of them.

    A picture that comes or goes meanwhile may be missed, and one that Redis moves meanwhile may count twice.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        queue: Knows what the jobs' results may take.

    Raises:
        NoPermissionError: this Redis user may not look.
    """
    found = Census(promised=await queue.promised_bytes())
    pattern, cursor = f"{keys.picture('')}*", 0
    while True:
        cursor, found_now = await redis.scan(cursor, match=pattern, count=SCANNED_AT_ONCE)
        names = [str(name) for name in found_now]
        if names:
            found = found.plus(await _part(redis, keys, names))
        if not cursor:
            return found


async def _part(redis: Redis, keys: Keys, names: list[str]) -> Census:
    refs = [name.removeprefix(keys.picture("")) for name in names]
    pipeline = redis.pipeline(transaction=False)
    pipeline.zmscore(keys.answered_pictures, refs)
    for name in names:
        pipeline.strlen(name)
    answered, *sizes = cast("tuple[list[float | None], int]", await pipeline.execute())
    inputs = results = cached = 0
    since: list[float] = []
    for ref, at, size in zip(refs, answered, sizes, strict=True):
        if at is not None and size:
            cached += size
            since.append(at / 1000)
        elif _INPUT in ref:
            inputs += size
        else:
            results += size
    return Census(inputs=inputs, results=results, answered=cached, oldest_answered=min(since, default=None))
