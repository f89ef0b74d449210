"""The state of an installation at one moment: its queue, its workers, its Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError

from qwenedit_jobs.cli.pending_answers import in_lanes, pending_answer
from qwenedit_jobs.cli.recent_jobs import MINUTES, lost_workers, recent_jobs
from qwenedit_jobs.cli.running_jobs import usual_times
from qwenedit_jobs.errors import PictureStoreError
from qwenedit_jobs.failed_calls import CallFailures
from qwenedit_jobs.model import State
from qwenedit_jobs.picture_address import IN_REDIS
from qwenedit_jobs.pictures.cleanup import Cleanup
from qwenedit_jobs.pictures.opening import open_bucket
from qwenedit_jobs.workers.registry import BEAT_EVERY, Presence, Workers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.cli.pending_answers import PendingAnswer
    from qwenedit_jobs.cli.recent_jobs import LostWorkers, RecentJobs, Tried
    from qwenedit_jobs.failed_calls import FailedCalls
    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.model import Counts, Memory
    from qwenedit_jobs.queue.job_records import Record
    from qwenedit_jobs.queue.operator_queue import OperatorQueue
    from qwenedit_jobs.workers.registry import LiveWorker

MOST_PAUSING = 1_000
"""Jobs between attempts of which it is told for what."""
MOST_IN_FRONT = 50
"""Jobs at the head of the line whose attempts are looked at: one that lost its worker waits there."""
HOUR = 3_600.0
"""Seconds within which lost workers are counted, as the alert has it."""
SILENT_AFTER = 3 * BEAT_EVERY
"""Seconds without a sign of life after which a worker is shown as silent."""


@dataclass(frozen=True, slots=True)
class Server:
    """The Redis, as far as its user may ask."""

    program: str
    """redis or valkey."""
    version: str
    used_memory: int
    """Bytes, as is the next."""
    max_memory: int
    """0: no limit."""


@dataclass(frozen=True, slots=True)
class PicturePlace:
    """Where pictures lie."""

    url: str
    """`PICTURES_URL`."""
    problem: str | None
    """Why it cannot be used now; None where it can, or is Redis."""
    to_delete: int
    """Objects that wait to be deleted."""


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """A worker that gave a sign of life, or has a job in hand."""

    name: str
    presence: Presence | None
    """None: it says nothing of itself, as one of an earlier release, or one that was killed a minute ago."""
    seen_at: float | None
    """Seconds since the epoch, by Redis' clock, as are all times here."""
    job: Record | None
    usual: float | None = None
    """Seconds that jobs of this one's workflow usually take; None where that is not known here."""

    def silent(self, now: float) -> bool:
        """Whether it gave no sign of life for a while: it was killed, or is cut off from Redis."""
        return self.presence is None or self.seen_at is None or now - self.seen_at > SILENT_AFTER

    def can_work(self, now: float) -> bool:
        """Whether it has a job in hand, or could take one."""
        if self.presence is None or self.silent(now):
            return False
        return self.job is not None or (self.presence.ready and not self.presence.draining)

    def idle(self, now: float) -> bool:
        """Whether it could take a job and has none."""
        return self.job is None and self.can_work(now)


@dataclass(frozen=True, slots=True)
class Overview:
    """All that `qwenedit status` shows."""

    now: float
    server: Server | None
    """None: this Redis user may not ask."""
    place: PicturePlace
    memory: Memory
    counts: Counts
    oldest_enqueued_at: float | None
    """When the next job in line was accepted; None when nobody waits."""
    answers: int
    """Jobs that ended and whose users may not have the answer yet."""
    set_aside: int
    """Updates and answers that nobody could work off; 0 where this user may not ask."""
    paused_since: float | None
    leader: str | None
    """The bot's replica that leads; None when there is none, or this user may not ask."""
    workers: tuple[SeenWorker, ...]
    recent: RecentJobs
    lost: LostWorkers
    telegram: FailedCalls | None
    """Calls to Telegram that failed lately; None: this Redis user may not look."""
    oldest_answer: PendingAnswer | None
    """Of those that users do not have yet."""

    @property
    def knows_bots(self) -> bool:
        """Whether this Redis user may look at what bots say of themselves."""
        return self.telegram is not None

    @property
    def failing(self) -> dict[str, Tried]:
        """Workers that are up and of which the last attempts all failed."""
        tried = self.recent.workers
        return {each.name: tried[each.name] for each in self.workers if each.name in tried and tried[each.name].failing}

    @property
    def redis_used(self) -> float | None:
        """Percent of Redis' memory that is in use; None where it has no limit, or this user may not ask."""
        server = self.server
        return 100 * server.used_memory / server.max_memory if server and server.max_memory else None

    @property
    def redis_needed(self) -> float | None:
        """The same with the results of unfinished jobs."""
        memory = self.memory
        return 100 * (memory.used + memory.kept_free) / memory.limit if memory.limit else None


async def take_overview(redis: Redis, keys: Keys, queue: OperatorQueue, *, pictures_url: str = IN_REDIS) -> Overview:
    """Look at everything; a few round trips, however many jobs there are.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        queue: Its queue.
        pictures_url: Where its pictures lie; a bucket is tried with a tiny object.
    """
    places = await queue.ids_by_state()
    head = await queue.records(places[State.QUEUED][:MOST_IN_FRONT])
    running = await queue.records(places[State.RUNNING])
    answers, aside = await in_lanes(redis, keys)
    now = await queue.now()
    since = now - 60 * MINUTES
    ended = await queue.records(await queue.ended_ids(since=now - HOUR))
    pausing = await queue.records(places[State.DELAYED][:MOST_PAUSING])
    return Overview(
        now=now,
        server=await _server(redis),
        place=await _place(redis, keys, pictures_url),
        memory=await queue.memory(),
        counts=await queue.counts(),
        oldest_enqueued_at=head[0].enqueued_at if head else None,
        answers=answers,
        set_aside=aside,
        paused_since=await queue.paused_since(),
        leader=await _leader(redis, keys),
        workers=_workers((await Workers(redis, keys).seen()).workers, running, await usual_times(redis, keys, running)),
        recent=recent_jobs(ended, pausing, since=since),
        lost=lost_workers((*ended, *pausing, *running, *head), since=now - HOUR),
        telegram=await _telegram(redis, keys),
        oldest_answer=await pending_answer(redis, keys),
    )


async def _place(redis: Redis, keys: Keys, url: str) -> PicturePlace:
    problem = None
    try:
        bucket = open_bucket(url)
        if bucket is not None:
            await Cleanup(redis, keys, bucket).leave(await bucket.check(deletes=False))
    except PictureStoreError as error:
        problem = str(error)
    return PicturePlace(url, problem, await Cleanup(redis, keys, None).waiting())


async def _telegram(redis: Redis, keys: Keys) -> FailedCalls | None:
    try:
        return await CallFailures(redis, keys).recent(MINUTES)
    except NoPermissionError:  # a worker's user
        return None


async def _server(redis: Redis) -> Server | None:
    try:
        told = {**await redis.info("server"), **await redis.info("memory")}
    except NoPermissionError:  # a Redis whose administrator keeps that to himself
        return None
    valkey = told.get("valkey_version")
    return Server(
        program="valkey" if valkey else "redis",
        version=str(valkey or told.get("redis_version", "")),
        used_memory=int(told.get("used_memory", 0)),
        max_memory=int(told.get("maxmemory", 0)),
    )


async def _leader(redis: Redis, keys: Keys) -> str | None:
    try:
        leader = await redis.get(keys.leader)
    except NoPermissionError:  # a worker's user
        return None
    return str(leader) if leader is not None else None


def _workers(
    seen: Sequence[LiveWorker], running: Sequence[Record], usual: Mapping[str, float]
) -> tuple[SeenWorker, ...]:
    jobs = {record.worker: record for record in running if record.worker}
    told = {one.presence.worker: one for one in seen}
    workers = []
    for name in sorted(told.keys() | jobs.keys()):
        one, job = told.get(name), jobs.get(name)
        workers.append(
            SeenWorker(
                name=name,
                presence=one.presence if one else None,
                seen_at=one.at if one else None,
                job=job,
                usual=usual.get(job.workflow or "") if job else None,
            )
        )
    return tuple(workers)
