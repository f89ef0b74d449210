"""How soon a job is picked up, how that depends on how many wait, and how many jobs a second are done."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from benchmarks.peers.harness import Harness
from benchmarks.peers.track import BEGUN, DONE, OFFERED

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.peers.catalogue import Peer

WARM_UP = 20
"""Jobs of a worker that are not counted: scripts are loaded, connections opened, code paths run for the first time."""
GAPS = 60
"""Jobs of a backlog whose pickup is measured."""
WAITING = 10, 1_000, 10_000
WINDOW = 2.5
"""Seconds over which jobs are counted, at most."""
FOUR = 4
TIMES_ONE = 3.0
"""How much faster four workers are taken to be than one at most: so many jobs are enqueued for them."""
LEAST = 500


@dataclass(slots=True)
class Speed:
    """What was measured of one queue in all rounds; times in milliseconds."""

    pickups: list[float] = field(default_factory=list)
    gaps: dict[int, list[float]] = field(default_factory=dict)
    """By the number of jobs that waited: from a job's end to the beginning of the next one."""
    one: list[float] = field(default_factory=list)
    """Jobs a second, each round's."""
    four: list[float] = field(default_factory=list)


async def measure(peer: Peer, folder: Path, speed: Speed, *, jobs: int) -> None:
    """Measure one queue once, and add what was found."""
    async with Harness(peer, folder / "pickup") as harness:
        await harness.work()
        await harness.fill(0, 1)
        if not await harness.until(lambda: bool(harness.done(0, 1))):
            raise RuntimeError(f"{peer.name}: the worker does not work\n" + "\n".join(harness.workers[0].lines[-20:]))
        await harness.pickup(1, jobs + WARM_UP)
        harness.look()
        offered = {mark.job: mark.at for mark in harness.marks if mark.what == OFFERED}
        begun = {mark.job: mark.at for mark in harness.marks if mark.what == BEGUN}
        speed.pickups += [(begun[job] - at) / 1e6 for job, at in offered.items() if job > WARM_UP]
    rate = 0.0
    for waiting in WAITING:
        count = waiting + WARM_UP + GAPS
        gaps, rate = await _backlog(peer, folder / f"waiting-{waiting}", count, workers=1)
        speed.gaps.setdefault(waiting, []).extend(gaps)
    speed.one.append(rate)
    count = max(LEAST, round(min(WAITING[-1], rate * WINDOW) * TIMES_ONE))
    speed.four.append((await _backlog(peer, folder / "four", count, workers=FOUR))[1])


async def _backlog(peer: Peer, folder: Path, count: int, *, workers: int) -> tuple[list[float], float]:
    """Do a backlog; returns the gaps between a worker's first jobs after the warm-up, and jobs a second.

    Each worker is kept in a first job until all are up, so that they begin the backlog together.
    """
    async with Harness(peer, folder) as harness:
        await harness.fill(0, workers, -1.0)
        await harness.fill(workers, count)
        for _ in range(workers):
            await harness.work()
        if not await harness.until(lambda: len(harness.begun(0, workers)) == workers):
            raise RuntimeError(f"{peer.name}: not all workers came up")
        harness.open_gate()
        await harness.until(lambda: len(harness.done(workers, count)) == count, seconds=WINDOW)
        jobs = [mark for mark in harness.marks if mark.job >= workers]
    ends = sorted(mark.at for mark in jobs if mark.what == DONE)
    counted = ends[WARM_UP * workers :]
    rate = (len(counted) - 1) / (counted[-1] - counted[0]) * 1e9
    if workers > 1:
        return [], rate
    gaps = [(mark.at - before.at) / 1e6 for before, mark in pairwise(jobs) if (before.what, mark.what) == (DONE, BEGUN)]
    return gaps[WARM_UP : WARM_UP + GAPS], rate
