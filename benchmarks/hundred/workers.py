"""Some workers of a measurement as one process: `python -m benchmarks.hundred.workers FILE`.

Each runs the worker's own loop on its own connections. Its editor waits as long as a GPU would need, says so as ComfyUI
does, and returns the same picture each time. What is noted of each claim is written to standard output as JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import uvloop

from qwenedit_jobs import Claim, JobQueue, RedisSettings, connect
from qwenedit_jobs.workers.registry import Presence, Workers
from qwenedit_testkit.by_hand.worker_loop import working
from qwenedit_testkit.waiting import background
from qwenedit_worker.comfyui import EditResult, Progress, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_jobs import Job

STEPS = 4
VARIES = 0.3
"""Part by which an edit may be shorter or longer: workers that began together do not end together for long."""
BEAT = 10.0
"""Seconds between a worker's signs of life."""
READY = "workers ready"


@dataclass(frozen=True, slots=True)
class Told:
    """What the process is told, by a file."""

    redis_url: str
    pictures_url: str
    names: tuple[str, ...]
    seconds: float
    """Of an edit."""
    result: str
    """File of the picture that each edit comes to."""

    @classmethod
    def read(cls, path: Path) -> Told:
        """Read the file."""
        fields = json.loads(path.read_text())
        return cls(**{**fields, "names": tuple(fields["names"])})

    def write(self, path: Path) -> None:
        """Write the file."""
        path.write_text(json.dumps(asdict(self)))


@dataclass(frozen=True, slots=True)
class Noted:
    """A claim that brought a job."""

    job: str
    at: float
    """When the worker's loop had it, in seconds since the epoch."""
    asked: float
    """Seconds since the worker asked for it."""
    waited: bool
    """Whether the worker was idle. Otherwise a job was in line already."""


class NotingQueue(JobQueue):
    """Prints each claim that brought a job."""

    async def claim(self, *, worker: str, token: str, lease: float, wait: float = 0.0) -> Claim | None:
        """See `JobQueue.claim`."""
        began = time.perf_counter()
        claim = await super().claim(worker=worker, token=token, lease=lease, wait=wait)
        if claim is not None:
            noted = Noted(claim.job.id, time.time(), time.perf_counter() - began, waited=wait > 0)
            print(json.dumps(asdict(noted)), flush=True)
        return claim


class WaitingEditor:
    """Takes as long as a GPU.

    Args:
        seconds: Of an edit.
        picture: What comes of it.
    """

    def __init__(self, seconds: float, picture: bytes) -> None:
        self._seconds = seconds
        self._picture = picture

    async def busy(self, *, executing: bool = False) -> bool:  # noqa: ARG002 - the port's
        """Whether others have something to do; nobody has."""
        return False

    async def edit(
        self,
        job: Job,
        *,
        attempt: int,  # noqa: ARG002 - the port's
        pictures: tuple[bytes, ...],  # noqa: ARG002 - the port's
        on_progress: Callable[[Progress], None],
        deadline: float,  # noqa: ARG002 - the port's
    ) -> EditResult:
        """Wait, and report each step."""
        seconds = self._seconds * random.uniform(1 - VARIES, 1 + VARIES)
        on_progress(Progress(Stage.STARTING, steps=STEPS))
        for step in range(1, STEPS + 1):
            await asyncio.sleep(seconds / STEPS)
            on_progress(Progress(Stage.EDITING, step=step, steps=STEPS))
        on_progress(Progress(Stage.SENDING, step=STEPS, steps=STEPS))
        return EditResult(png=self._picture, seed=job.edit.seed, seconds=seconds)


async def main(told: Told, picture: bytes) -> None:
    """Work until killed."""
    settings = RedisSettings(redis_url=told.redis_url)
    async with AsyncExitStack() as stack:
        for name in told.names:
            editor = WaitingEditor(told.seconds, picture)
            made = working(told.redis_url, queue=NotingQueue, editor=editor, name=name, pictures_url=told.pictures_url)
            await stack.enter_async_context(made)
        redis = await stack.enter_async_context(connect(settings))
        presences = Workers(redis, settings.keys)
        await stack.enter_async_context(background(*(_live(presences, name) for name in told.names)))
        print(READY, flush=True)
        await asyncio.Event().wait()


async def _live(presences: Workers, name: str) -> None:
    presence = Presence(worker=name, since=time.time(), ready=True, draining=False)
    while True:
        await presences.beat(presence)
        await asyncio.sleep(BEAT)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    told = Told.read(Path(sys.argv[1]))
    uvloop.run(main(told, Path(told.result).read_bytes()))
