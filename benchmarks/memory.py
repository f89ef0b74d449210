"""How much of Redis' memory a waiting job takes, without its pictures, which take what their bytes are.

    python -m benchmarks.memory [--jobs 1000]

`used_memory` of a real server of its own before and after so many jobs were enqueued, divided by their number.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qwenedit_jobs import (
    MAX_PICTURES,
    MAX_PROMPT_LENGTH,
    Fail,
    Job,
    JobQueue,
    Keys,
    Limits,
    Reason,
    RedisSettings,
    connect,
)
from qwenedit_testkit.by_hand.bot import job
from qwenedit_testkit.programs import command_line, whole
from qwenedit_testkit.redis import redis_server

if TYPE_CHECKING:
    from redis.asyncio import Redis

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
PEOPLE = 5_000_000_000
"""The first one's id: as long as those of Telegram are."""
PROMPT = "make it snow, and keep the people in the foreground as they are"


def typical(number: int) -> Job:
    """Make a job as most people send them."""
    return job(number, user=PEOPLE + number, prompt=PROMPT)


def largest(number: int) -> Job:
    """Make the largest job that is accepted: four bytes a code point, as many pictures as may be."""
    return job(number, user=PEOPLE + number, prompt="🦊" * MAX_PROMPT_LENGTH, pictures=MAX_PICTURES)


async def main() -> None:
    """Print one line for each kind of job and place."""
    parser = command_line(__doc__)
    parser.add_argument("--jobs", type=whole(), default=1000)
    count = parser.parse_args().jobs
    limits = Limits(max_queue_length=count)
    async with redis_server() as server, connect(RedisSettings(redis_url=server.url)) as redis:
        queue = JobQueue(redis, Keys())
        for kind in (typical, largest):
            await redis.flushall()
            before = await _used(redis)
            for number in range(count):
                await queue.enqueue(kind(number), limits, trace_context=TRACE)
            payload = len(kind(count - 1).model_dump_json().encode())
            waiting = (await _used(redis) - before) / count
            for number in range(count):
                claim = await queue.claim(worker="worker-1", token=str(number), lease=0.1)
                if claim is not None:
                    await queue.settle(claim.job.id, claim.token, Fail(Reason.TIMEOUT, "300 s were not enough"))
            await asyncio.sleep(0.2)
            finished = (await _used(redis) - before) / count
            print(
                f"{kind.__name__:8} payload {payload:6} bytes; Redis holds {waiting:6.0f} bytes a waiting job, "
                f"{finished:6.0f} a finished one with its event, until its TTL ends"
            )


async def _used(redis: Redis) -> int:
    memory = await redis.info("memory")
    return int(memory["used_memory"])


if __name__ == "__main__":
    asyncio.run(main())
