"""The register of workers, which each keeps up to date by heartbeats."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qwenedit_jobs.workers.ledger import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.workers.ledger import Report

BEAT_EVERY = 12.0
"""Seconds between two signs of life of a worker. A connection that is idle for longer than 15 s costs
a command more."""
FULL_BEAT_EVERY = 60.0
"""Seconds after which a sign of life says all again, although nothing has changed."""
FORGOTTEN_AFTER = 60
"""Seconds without one until a worker is forgotten."""
MOST_SEEN = 1_000
"""Workers that are looked at, those that gave the last signs of life. Whoever may write the register may flood it."""
KEPT_FOR = FORGOTTEN_AFTER + round(FULL_BEAT_EVERY)
"""Seconds for which the register is kept in Redis: what says all renews that."""


_Seconds = Annotated[float, Field(ge=0, le=1e11, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=2**63)]


class _Report(BaseModel):
    # A worker of the next release may say more; texts are not cached, for no job's id is read for long.
    model_config = ConfigDict(frozen=True, extra="ignore", cache_strings="keys")


class Device(_Report):
    """A worker's ComfyUI and its GPU, as they were last heard of."""

    version: str
    """Of ComfyUI."""
    name: str
    """Of the GPU."""
    vram_total: _Count
    """Bytes, as is the next."""
    vram_free: _Count


class Presence(_Report):
    """What a worker says of itself. Which job it has is known from the job's lease."""

    worker: str
    pod: str = ""
    """Empty outside of Kubernetes, as is the next."""
    node: str = ""
    version: str = ""
    """Of the worker."""
    since: _Seconds
    """Since the epoch: when the process began, by its own clock."""
    ready: bool
    """Whether its ComfyUI could take a job."""
    draining: bool
    problem: str = ""
    """Why it is not ready."""
    sockets: _Count | None = None
    """Open ones of its process; None where the system does not say."""
    comfyui_url: str = ""
    limit: _Seconds = 0.0
    """That an attempt may take; 0: a worker of an earlier release does not say."""
    device: Device | None = None
    """None until ComfyUI has answered."""


@dataclass(frozen=True, slots=True)
class LiveWorker:
    """A worker and its last sign of life."""

    presence: Presence
    at: float
    """Seconds since the epoch, by Redis' clock."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What Redis says to a sign of life."""

    known: bool
    """Whether the register has the worker."""
    at: float
    """Seconds since the epoch, by Redis' clock."""
    refused: str
    """Why the ledger did not take the report; empty where it did, or there was none."""


class Workers:
    """The workers of an installation.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        clock: Monotonic time in seconds.
    """

    def __init__(self, redis: Redis, keys: Keys, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._keys = (keys.workers, keys.workers_about)
        self._ledger = keys.of_ledger
        self._clock = clock
        self._said, self._said_at = "", 0.0
        self._beat = redis.register_script(SCRIPTS["heartbeat"])

    async def beat(self, presence: Presence, report: Report | None = None) -> Heard:
        """Give a sign of life: one command, whatever the number of workers. What is known is seldom said again.

        Args:
            presence: What the worker says of itself.
            report: For the ledger. It may be repeated until it was heard, and counts once.
        """
        said, now = presence.model_dump_json(), self._clock()
        if said == self._said and now - self._said_at < FULL_BEAT_EVERY:
            heard = await self.report(presence.worker, report)
            if heard.known:
                return heard
        heard = await self._say(self._keys, presence.worker, _written(report), said, FORGOTTEN_AFTER, KEPT_FOR)
        self._said, self._said_at = said, now
        return heard

    async def report(self, worker: str, report: Report | None) -> Heard:
        """Say no more than that the worker is there, and what it has for the ledger."""
        return await self._say(self._keys[:1], worker, _written(report))

    async def _say(self, keys: tuple[str, ...], *args: str | float) -> Heard:
        known, at, refused = await self._beat(keys=keys, args=(*self._ledger, *args))
        return Heard(known=bool(known), at=int(at) / 1000, refused=refused)

    async def leave(self, worker: str) -> None:
        """Say goodbye."""
        names, about = self._keys
        await self._redis.zrem(names, worker)
        await self._redis.hdel(about, worker)

    async def seen(self) -> list[LiveWorker]:
        """Return the workers that are there, by name; one that was killed is among them for `FORGOTTEN_AFTER`.

        At most `MOST_SEEN`.
        """
        names, about = self._keys
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.zrange(names, 0, MOST_SEEN - 1, desc=True, withscores=True)
        pipeline.time()
        listed, (seconds, _microseconds) = await pipeline.execute()
        times = {worker: at for worker, at in listed if (seconds - FORGOTTEN_AFTER) * 1000 <= at < math.inf}
        if not times:
            return []
        workers = sorted(times)
        said = cast("list[str | None]", await self._redis.hmget(about, workers))
        found = []
        for worker, text in zip(workers, said, strict=True):
            try:
                presence = Presence.model_validate_json(text or "")
            except ValidationError:  # of another release, or nothing
                continue
            found.append(LiveWorker(presence, times[worker] / 1000))
        return found


def _written(report: Report | None) -> str:
    return "" if report is None else report.written()
