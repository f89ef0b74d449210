"""The part of these programs that is the same for all queues: the command line, and the jobs' marks.

    python -m benchmarks.peers.queues.rq work | fill FIRST COUNT SECONDS | pickup FIRST COUNT

`REDIS_URL` says where the queue is, `TRACK` where marks are noted. A job lasts so many seconds; one of -1 seconds lasts
until the file `GATE` is there.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.track import BEGUN, DONE, OFFERED, Track

if TYPE_CHECKING:
    from collections.abc import Coroutine

REDIS_URL = os.environ.get("REDIS_URL", "")
LEASE = 10
"""Seconds of silence after which a job should go to another worker, wherever that can be set."""
TRIES = 30
"""Attempts that a job has, wherever that can be set: none is to be given up on because its worker was killed."""
PAUSE = 0.010, 0.030
"""Seconds from a job's end to the next one, by chance: the worker waits again, at no fixed point of its polling."""
AT_ONCE = 16
GATE_POLL = 0.005

_TRACK = Track(Path(os.environ["TRACK"]))
_GATE = Path(os.environ["GATE"])


Enqueue = Callable[[int, float], object]
"""Takes a job's number and its seconds; what it returns is awaited where it can be."""
Producer = Callable[[], AbstractAsyncContextManager[Enqueue]]
"""Opens the queue for enqueuing."""


def mark(what: str, job: int) -> None:
    """Note that something happens to a job now."""
    _TRACK.mark(what, job)


async def gate_or_sleep(seconds: float) -> None:
    """Last as long as a job is to last."""
    if seconds < 0:
        while not _GATE.exists():  # noqa: ASYNC110, ASYNC240 - a file of another process
            await asyncio.sleep(GATE_POLL)
    elif seconds:
        await asyncio.sleep(seconds)


async def work_async(job: int, seconds: float) -> None:
    """Be the job, in a worker with an event loop."""
    mark(BEGUN, job)
    await gate_or_sleep(seconds)
    mark(DONE, job)


def work_sync(job: int, seconds: float) -> None:
    """Be the job, in a worker without one."""
    mark(BEGUN, job)
    if seconds < 0:
        while not _GATE.exists():
            time.sleep(GATE_POLL)
    elif seconds:
        time.sleep(seconds)
    mark(DONE, job)


def run_fast(work: Coroutine[object, object, None]) -> None:
    """Run a worker on uvloop, for the queues which leave the choice of the event loop to their user."""
    import uvloop  # noqa: PLC0415 - in the environments of those queues alone

    uvloop.run(work)


def main(producer: Producer, work: Callable[[], None]) -> None:
    """Do what the command line says.

    Args:
        producer: Opens the queue for enqueuing.
        work: Works on the queue for ever, one job at a time.
    """
    what, *numbers = sys.argv[1:]
    if what == "work":
        work()
        return
    first, count = map(int, numbers[:2])
    jobs = range(first, first + count)
    asyncio.run(_fill(producer, jobs, float(numbers[2])) if what == "fill" else _pickup(producer, jobs))


async def _enqueue(enqueue: Enqueue, job: int, seconds: float) -> None:
    pending = enqueue(job, seconds)
    if hasattr(pending, "__await__"):
        await pending


async def _fill(opened: Producer, jobs: range, seconds: float) -> None:
    left = iter(jobs)

    async def some(enqueue: Enqueue) -> None:
        for job in left:
            await _enqueue(enqueue, job, seconds)

    async with opened() as enqueue:
        await asyncio.gather(*(some(enqueue) for _ in range(AT_ONCE)))


async def _pickup(opened: Producer, jobs: range) -> None:
    """Enqueue one job at a time, each when the one before has ended a moment ago."""
    seen = Track(Path(os.environ["TRACK"]))
    seen.news()
    async with opened() as enqueue:
        for job in jobs:
            await asyncio.sleep(random.uniform(*PAUSE))
            _TRACK.mark(OFFERED, job)
            await _enqueue(enqueue, job, 0.0)
            while not any(each.what == DONE and each.job == job for each in seen.news()):  # noqa: ASYNC110 - another process ends it
                await asyncio.sleep(0.003)
