"""The part of these programs that is the same for all queues: the command line, and the jobs' marks.

    python -m benchmarks.peers.queues.arq work | fill FIRST COUNT SECONDS | pickup FIRST COUNT

`REDIS_URL` says where the queue is, `TRACK` where marks are noted. A job lasts so many seconds; one of -1 seconds lasts
until the file `GATE` is there.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from benchmarks.peers.track import BEGUN, DONE, OFFERED, Track

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

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


class Producer(Protocol):
    """Puts jobs into a queue."""

    async def prepare(self, job: int) -> None:
        """Do what a job needs before it is enqueued."""

    async def enqueue(self, job: int, seconds: float) -> None:
        """Enqueue it."""


class Simple:
    """A producer whose jobs need nothing before.

    Args:
        enqueue: Takes the job's number and its seconds.
    """

    def __init__(self, enqueue: Callable[[int, float], object]) -> None:
        self._enqueue = enqueue

    async def prepare(self, job: int) -> None:
        """Do nothing."""

    async def enqueue(self, job: int, seconds: float) -> None:
        """Enqueue it, and await that where the queue is an asynchronous one."""
        pending = self._enqueue(job, seconds)
        if hasattr(pending, "__await__"):
            await pending


def begin(job: int) -> None:
    """Note that a job's work begins."""
    _TRACK.mark(BEGUN, job)


def end(job: int) -> None:
    """Note that a job's work ends."""
    _TRACK.mark(DONE, job)


async def gate_or_sleep(seconds: float) -> None:
    """Last as long as a job is to last."""
    if seconds < 0:
        while not _GATE.exists():  # noqa: ASYNC110, ASYNC240 - a file of another process
            await asyncio.sleep(GATE_POLL)
    elif seconds:
        await asyncio.sleep(seconds)


async def work_async(job: int, seconds: float) -> None:
    """Be the job, in a worker with an event loop."""
    begin(job)
    await gate_or_sleep(seconds)
    end(job)


def work_sync(job: int, seconds: float) -> None:
    """Be the job, in a worker without one."""
    begin(job)
    if seconds < 0:
        while not _GATE.exists():
            time.sleep(GATE_POLL)
    elif seconds:
        time.sleep(seconds)
    end(job)


def run_fast(work: Coroutine[object, object, None]) -> None:
    """Run a worker on uvloop, for the queues which leave the choice of the event loop to their user."""
    import uvloop  # noqa: PLC0415 - in the environments of those queues alone

    uvloop.run(work)


def main(producer: Callable[[], AbstractAsyncContextManager[Producer]], work: Callable[[], None]) -> None:
    """Do what the command line says.

    Args:
        producer: Opens the queue for enqueuing.
        work: Works on the queue for ever, one job at a time.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("work")
    for name in ("fill", "pickup"):
        command = commands.add_parser(name)
        command.add_argument("first", type=int)
        command.add_argument("count", type=int)
    commands.choices["fill"].add_argument("seconds", type=float)
    options = parser.parse_args()
    if options.command == "work":
        work()
        return
    jobs = range(options.first, options.first + options.count)
    asyncio.run(_fill(producer, jobs, options.seconds) if options.command == "fill" else _pickup(producer, jobs))


async def _fill(opened: Callable[[], AbstractAsyncContextManager[Producer]], jobs: range, seconds: float) -> None:
    left = iter(jobs)

    async def some(producer: Producer) -> None:
        for job in left:
            await producer.prepare(job)
            await producer.enqueue(job, seconds)

    async with opened() as producer:
        await asyncio.gather(*(some(producer) for _ in range(AT_ONCE)))


async def _pickup(opened: Callable[[], AbstractAsyncContextManager[Producer]], jobs: range) -> None:
    """Enqueue one job at a time, each when the one before has ended a moment ago."""
    seen = Track(Path(os.environ["TRACK"]))
    seen.news()
    async with opened() as producer:
        for job in jobs:
            await producer.prepare(job)
            await asyncio.sleep(random.uniform(*PAUSE))
            _TRACK.mark(OFFERED, job)
            await producer.enqueue(job, 0.0)
            while not any(mark.what == DONE and mark.job == job for mark in seen.news()):  # noqa: ASYNC110 - another process ends it
                await asyncio.sleep(0.003)
