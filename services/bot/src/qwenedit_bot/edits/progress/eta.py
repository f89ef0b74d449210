"""When a waiting job will be done: what such jobs usually take, its place in line, and the workers that are ready."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, cast

import structlog
from redis.exceptions import RedisError

from qwenedit_jobs import State

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs import JobQueue, Keys, Status
    from qwenedit_jobs.workers.registry import Workers

KEPT = 20
"""Recent durations whose median is the usual one."""
REMEMBERED = 30 * 86_400
"""Seconds without a new duration after which they are forgotten."""
SIGN_OF_LIFE = 35.0
"""Seconds since a worker's last heartbeat after which it isn't counted on: it missed three."""
LATE = 2.0
"""A running job that takes this many times the usual duration isn't counted on to end."""
PATIENCE = 300.0
"""Seconds after which a waiting job is late if no worker is ready."""
MOST_OTHERS = 50
"""Running jobs of others that the ETA of a single user's jobs takes into account."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wait:
    """What to expect for an unfinished job."""

    seconds: float | None = None
    """Until its picture; None if unknown."""
    waking: bool = False
    """No worker is ready: one has to start first."""
    paused: bool = False
    """An operator has paused the queue."""
    late: bool = False
    """It takes longer than usual."""
    expires_in: float | None = None
    """Seconds within which a late job must begin; after that it fails."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What an ETA is computed from."""

    now: float
    """Seconds since the epoch, by Redis' clock."""
    workers: int
    """Workers that are ready for a job."""
    paused: bool
    durations: Mapping[str, float]
    """Usual seconds a job of each workflow takes. The empty name is the workers' default workflow."""


class Eta:
    """Estimates from the durations of recent jobs, which all replicas share.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        queue: Knows the running jobs.
        workers: Knows the workers that are up.
    """

    def __init__(self, redis: Redis, keys: Keys, *, queue: JobQueue, workers: Workers) -> None:
        self._redis = redis
        self._keys = keys
        self._queue = queue
        self._workers = workers

    async def note_duration(self, workflow: str | None, seconds: float) -> None:
        """Remember how long a job of a workflow kept its worker busy."""
        key = self._keys.durations(workflow or "")
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.lpush(key, round(seconds, 1))
        pipeline.ltrim(key, 0, KEPT - 1)
        pipeline.expire(key, REMEMBERED)
        try:
            await pipeline.execute()
        except RedisError as error:  # not worth a second attempt at what goes with it
            log.info("eta.not_stored", error=type(error).__name__)

    async def of(self, jobs: Sequence[Status], places: Mapping[str, int]) -> dict[str, Wait]:
        """Return what to expect for those of a few jobs that wait; see `of_all`."""
        if not places:
            return {}
        window = await self._queue.window(skip=0, count=1, others=MOST_OTHERS)
        mine = {status.job.id for status in jobs}
        others = await self._queue.statuses(job_id for job_id in window.others if job_id not in mine)
        known = [*jobs, *(status for status in others if status.state is State.RUNNING)]
        return await self.of_all(known, places)

    async def of_all(self, statuses: Sequence[Status], places: Mapping[str, int]) -> dict[str, Wait]:
        """Return what to expect for each job that waits, by its id.

        Args:
            statuses: Unfinished jobs, among them all that run.
            places: The place in line of each job that waits; 1 is the next one. If none does, Redis isn't asked.
        """
        return estimate(statuses, await self._outlook(statuses), places) if places else {}

    async def _outlook(self, statuses: Sequence[Status]) -> Outlook:
        names = sorted({each.job.edit.workflow or "" for each in statuses})
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.time()
        pipeline.exists(self._keys.paused)
        for name in names:
            pipeline.lrange(self._keys.durations(name), 0, -1)
        (seconds, microseconds), paused, *durations = await pipeline.execute()
        now = seconds + microseconds / 1e6
        seen = await self._workers.seen()
        alive = (each.presence for each in seen.workers if now - each.at < SIGN_OF_LIFE)
        usual = {name: _median(times) for name, times in zip(names, durations, strict=True)}
        return Outlook(
            now=now,
            workers=sum(presence.ready and not presence.draining for presence in alive),
            paused=bool(paused),
            durations={name: time for name, time in usual.items() if time is not None},
        )


def estimate(statuses: Sequence[Status], outlook: Outlook, places: Mapping[str, int]) -> dict[str, Wait]:
    """Return what to expect for each waiting job, by its id.

    Each job in line is taken to be like those before it. A job of whose workflow no duration is known has no ETA.

    Args:
        statuses: Unfinished jobs, among them all that run.
        outlook: What else is known.
        places: The place in line of each waiting job; 1 is the next one.
    """
    waits: dict[str, Wait] = {}
    # A worker claims its next job while it hands in the last one's picture: its newest job counts.
    running = sorted(
        (each for each in statuses if each.state is State.RUNNING), key=lambda each: each.started_at or 0.0
    )
    busy = {each.worker or each.job.id: _left(each, outlook) for each in running}
    workers = max(outlook.workers, len(busy))
    free_in = sorted([0.0] * (workers - len(busy)) + [seconds for seconds in busy.values() if seconds is not None])
    for status in statuses:
        if status.state is State.QUEUED and (place := places.get(status.job.id)) is not None:
            wait = _wait(status, outlook, place, free_in, workers)
            if wait is not None:
                waits[status.job.id] = wait
    return waits


def _wait(status: Status, outlook: Outlook, place: int, free_in: Sequence[float], workers: int) -> Wait | None:
    if outlook.paused:
        return Wait(paused=True)
    if not free_in:
        if workers == 0 and outlook.now - status.enqueued_at < PATIENCE:
            return Wait(waking=True)
        left = max(0.0, status.expires_at - outlook.now) if status.expires_at is not None else None
        return Wait(late=True, expires_in=left)
    usual = _usual(status, outlook)
    if usual is None:
        return None
    rounds, worker = divmod(place - 1, len(free_in))
    return Wait(free_in[worker] + (rounds + 1) * usual)


def _left(status: Status, outlook: Outlook) -> float | None:
    """Return the seconds that a running job still takes; None if it takes so long that nobody knows."""
    elapsed = outlook.now - status.started_at if status.started_at is not None else 0.0
    usual = _usual(status, outlook)
    if usual is None:
        return 0.0 if elapsed < PATIENCE else None
    return max(0.0, usual - elapsed) if elapsed < usual * LATE else None


def _usual(status: Status, outlook: Outlook) -> float | None:
    return outlook.durations.get(status.job.edit.workflow or "")


def _median(times: object) -> float | None:
    found = [float(time) for time in cast("list[str]", times)]
    return median(found) if found else None
