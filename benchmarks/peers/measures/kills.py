"""What becomes of jobs whose worker is killed in the middle of them."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.peers.harness import LOOK, Harness, kill
from benchmarks.peers.track import BEGUN, DONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.peers.catalogue import Peer

WORKERS = 4
JOB = 0.15
"""Seconds that a job lasts."""
JOBS_A_KILL = 4
"""So that no worker runs out of jobs before the last kill."""
PATIENCE = 100.0
"""Seconds after the last kill in which all jobs should be done: the slowest queue here needs 75 to miss a worker."""
IDLE = 20.0
"""Seconds without a job after which a worker is taken to find none any more."""
NUDGES = 8
"""Jobs enqueued after that: some queues look for what was left behind only while they are given something new."""
NUDGED = 15.0
"""Seconds that the jobs left behind then have."""


@dataclass(slots=True)
class Losses:
    """What was seen of one queue."""

    kills: int = 0
    jobs: int = 0
    late: int = 0
    """Jobs that were done only when new ones had been enqueued."""
    gone: int = 0
    """Jobs that were not done even then."""
    twice: int = 0
    """Jobs whose work ended twice."""
    redelivered: list[float] = field(default_factory=list)
    """Seconds from a kill to the next beginning of each job that was being done."""


async def measure(peer: Peer, folder: Path, *, kills: int, turns: asyncio.Semaphore, seed: int) -> Losses:
    """Kill workers so many times, and wait for all jobs.

    Args:
        peer: The queue.
        folder: Of its own.
        kills: How often.
        turns: Bounds how many queues kill at the same time; waiting costs nothing and is not bounded.
        seed: Of the moments.
    """
    jobs = kills * JOBS_A_KILL
    left = iter(range(kills))
    dice = random.Random(seed)
    struck: list[tuple[int, int]] = []  # jobs and the moments when their workers were killed
    async with Harness(peer, folder) as harness:
        async with turns:
            await harness.fill(0, jobs, JOB)
            await asyncio.gather(*(_slot(harness, left, dice, struck) for _ in range(WORKERS)))
        await harness.until(lambda: len(harness.done(0, jobs)) == jobs, seconds=PATIENCE)
        missing = set(range(jobs)) - harness.done(0, jobs)
        if missing:
            await harness.fill(jobs, NUDGES, JOB)
            await harness.until(lambda: len(harness.done(0, jobs)) == jobs, seconds=NUDGED)
    gone = set(range(jobs)) - harness.done(0, jobs)
    ends = [mark.job for mark in harness.marks if mark.what == DONE]
    return Losses(
        kills=kills,
        jobs=jobs,
        late=len(missing - gone),
        gone=len(gone),
        twice=sum(ends.count(job) > 1 for job in range(jobs)),
        redelivered=[
            (min(again) - at) / 1e9
            for job, at in struck
            if (again := [mark.at for mark in harness.marks if (mark.what, mark.job) == (BEGUN, job) and mark.at > at])
        ],
    )


async def _slot(harness: Harness, left: Iterator[int], dice: random.Random, struck: list[tuple[int, int]]) -> None:
    """Start a worker, kill it in the middle of a job, and again; the last one stays."""
    while True:
        worker = await harness.work()
        if next(left, None) is None:
            return
        job = await _begins(harness, worker.pid, after=dice.randrange(2))
        await asyncio.sleep(dice.uniform(0, 0.9 * JOB))
        harness.workers.remove(worker)
        at = time.monotonic_ns()
        await kill(worker)
        harness.look()
        if job is not None and not any(
            (mark.what, mark.job, mark.pid) == (DONE, job, worker.pid) for mark in harness.marks
        ):
            struck.append((job, at))


async def _begins(harness: Harness, pid: int, *, after: int) -> int | None:
    """Wait until a process begins a job, having begun so many before; None when it finds no more."""
    deadline = time.monotonic() + IDLE
    while time.monotonic() < deadline:
        harness.look()
        begun = [mark.job for mark in harness.marks if mark.what == BEGUN and mark.pid == pid]
        if len(begun) > after:
            return begun[-1]
        await asyncio.sleep(LOOK / 2)
    return None
