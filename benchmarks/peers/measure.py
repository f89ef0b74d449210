"""One queue on a Redis of its own: how soon a job is picked up, and how many jobs a second are done."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import statistics
import sys
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.peers.track import BEGUN, DONE, OFFERED, Mark, Track
from local_stack import Part, RedisServer, bare_environment
from qwenedit_testkit import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

LOOK = 0.01
"""Seconds between looks at the marks."""
WARM_UP = 20
"""Jobs of a worker that are not counted: scripts are loaded, connections opened, code paths run for the first time."""
GAPS = 60
"""Jobs of a backlog whose pickup is measured."""
WAITING = 10, 1_000, 10_000
WINDOW = 2.5
"""Seconds over which jobs are counted, at most."""
WORKERS = 4
TIMES_ONE = 3.0
"""How much faster four workers are taken to be than one at most: so many jobs are enqueued for them."""
LEAST = 500
REQUIREMENTS = Path(__file__).with_name("requirements")


@dataclass(slots=True)
class Speed:
    """What was measured of one queue in all rounds; times in milliseconds."""

    pickups: list[float] = field(default_factory=list)
    gaps: dict[int, list[float]] = field(default_factory=dict)
    """By the number of jobs that waited: from a job's end to the beginning of the next one."""
    one: list[float] = field(default_factory=list)
    """Jobs a second of one worker, each round's, and of four."""
    four: list[float] = field(default_factory=list)

    def cells(self) -> list[float]:
        """Return the medians and the 99th percentile of pickups, for a row of the table."""
        percentiles = statistics.quantiles(self.pickups, n=100, method="inclusive")
        gaps = [statistics.median(self.gaps[waiting]) for waiting in WAITING]
        return [percentiles[49], percentiles[98], statistics.median(self.one), statistics.median(self.four), *gaps]


class Queue:
    """A queue's processes and the marks of its jobs. Make one with `running`."""

    def __init__(self, name: str, folder: Path, redis: RedisServer) -> None:
        self.name = name
        folder.mkdir(parents=True)
        self._gate = folder / "gate"
        self._track = Track(folder / "track")
        places = {"REDIS_URL": redis.url, "TRACK": str(folder / "track"), "GATE": str(self._gate)}
        self._env = bare_environment(**places, PYTHONPATH=str(ROOT))
        self.marks: list[Mark] = []
        self.workers: list[Part] = []

    async def work(self) -> None:
        """Start a worker."""
        self.workers.append(self._process("work"))
        await self.workers[-1].start()

    async def produce(self, *arguments: object) -> None:
        """Enqueue jobs: `fill FIRST COUNT SECONDS` or `pickup FIRST COUNT`."""
        producer = self._process(*map(str, arguments))
        await producer.start()
        if await producer.wait():
            raise RuntimeError(f"{self.name}: {arguments} failed\n" + "\n".join(producer.lines[-20:]))

    def open_gate(self) -> None:
        """Let the jobs of -1 seconds end."""
        self._gate.touch()

    async def until(self, seen: Callable[[], bool], *, seconds: float = 60.0) -> bool:
        """Look again and again until it is so; False when the time is up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.marks += self._track.news()
            if seen():
                return True
            for worker in self.workers:
                if not worker.running:
                    raise RuntimeError(f"{self.name}: a worker ended by itself\n" + "\n".join(worker.lines[-20:]))
            await asyncio.sleep(LOOK)
        return False

    def count(self, what: str, first: int, count: int) -> int:
        """Count the jobs with these numbers to which something happened."""
        return len({mark.job for mark in self.marks if mark.what == what and first <= mark.job < first + count})

    def _process(self, *arguments: str) -> Part:
        requirements = REQUIREMENTS / f"{self.name}.txt"
        python: tuple[str, ...] = (sys.executable,)
        if requirements.exists():
            uv = os.environ.get("UV") or shutil.which("uv") or "uv"
            run = ("run", "--quiet", "--no-project", "--python", sys.executable, "--with-requirements")
            python = (uv, *run, str(requirements), "python")
        command = (*python, "-m", f"benchmarks.peers.queues.{self.name}", *arguments)
        return Part(f"{self.name} {arguments[0]}", command, env=self._env)


@asynccontextmanager
async def running(name: str, folder: Path) -> AsyncIterator[Queue]:
    """Give an empty queue; at the end all of its processes are gone."""
    redis = RedisServer(folder / "redis")
    queue = Queue(name, folder, redis)
    await redis.start()
    try:
        yield queue
    finally:
        for worker in queue.workers:
            with suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            await worker.wait()
        await redis.kill()


async def measure(name: str, folder: Path, speed: Speed, *, jobs: int) -> None:
    """Measure one queue once, and add what was found."""
    async with running(name, folder / "pickup") as queue:
        await queue.work()
        await queue.produce("fill", 0, 1, 0.0)
        if not await queue.until(lambda: queue.count(DONE, 0, 1) == 1):
            raise RuntimeError(f"{name}: the worker does not work\n" + "\n".join(queue.workers[0].lines[-20:]))
        await queue.produce("pickup", 1, jobs + WARM_UP)
        await queue.until(lambda: queue.count(DONE, 1, jobs + WARM_UP) == jobs + WARM_UP)
        offered = {mark.job: mark.at for mark in queue.marks if mark.what == OFFERED}
        begun = {mark.job: mark.at for mark in queue.marks if mark.what == BEGUN}
        speed.pickups += [(begun[job] - at) / 1e6 for job, at in offered.items() if job > WARM_UP]
    rate = 0.0
    for waiting in WAITING:
        gaps, rate = await _backlog(name, folder / f"waiting-{waiting}", waiting + WARM_UP + GAPS, workers=1)
        speed.gaps.setdefault(waiting, []).extend(gaps)
    speed.one.append(rate)
    count = max(LEAST, round(min(WAITING[-1], rate * WINDOW) * TIMES_ONE))
    speed.four.append((await _backlog(name, folder / "four", count, workers=WORKERS))[1])


async def _backlog(name: str, folder: Path, count: int, *, workers: int) -> tuple[list[float], float]:
    """Do a backlog; returns the gaps between a worker's first jobs after the warm-up, and jobs a second.

    Each worker is kept in a first job until all are up, so that they begin the backlog together.
    """
    async with running(name, folder) as queue:
        await queue.produce("fill", 0, workers, -1.0)
        await queue.produce("fill", workers, count, 0.0)
        for _ in range(workers):
            await queue.work()
        if not await queue.until(lambda: queue.count(BEGUN, 0, workers) == workers):
            raise RuntimeError(f"{name}: not all workers came up")
        queue.open_gate()
        await queue.until(lambda: queue.count(DONE, workers, count) == count, seconds=WINDOW)
        marks = [mark for mark in queue.marks if mark.job >= workers]
    ends = sorted(mark.at for mark in marks if mark.what == DONE)[WARM_UP * workers :]
    pairs = ((before, mark) for before, mark in pairwise(marks) if (before.what, mark.what) == (DONE, BEGUN))
    gaps = [(mark.at - before.at) / 1e6 for before, mark in pairs]
    return gaps[WARM_UP : WARM_UP + GAPS], (len(ends) - 1) / (ends[-1] - ends[0]) * 1e9
