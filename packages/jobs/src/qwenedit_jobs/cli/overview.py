"""The state of an installation at one moment: its queue, its workers, its Redis."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError

from qwenedit_jobs.cli.answers import pending_answer
from qwenedit_jobs.errors import PictureStoreError
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.model import State
from qwenedit_jobs.picture_address import IN_REDIS
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_jobs.workers.registry import BEAT_EVERY, Presence, Workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.cli.answers import PendingAnswer
    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.model import Counts, Memory
    from qwenedit_jobs.queue.job_records import Record
    from qwenedit_jobs.queue.operator_queue import OperatorQueue
    from qwenedit_jobs.workers.registry import Seen

MINUTES = 15
"""Jobs that ended earlier are left out."""
MOST_WAITING = 1_000
"""Jobs that are looked at, of those next in line and of those between attempts."""
SILENT_AFTER = 3 * BEAT_EVERY
"""Seconds without a sign of life after which a worker is shown as silent."""
STEP_TAKES = 20.0
"""Seconds beyond the usual time of a whole job after which a job that stands at a step hangs."""
LOAD_TAKES = 120.0
"""The same before the first step, when the model may have to be loaded, and if no usual time is known."""


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """A worker that gave a sign of life, or has a job in hand. Times are seconds since the epoch, by Redis' clock."""

    name: str
    presence: Presence | None
    """None: it was killed a minute ago, or is of another version."""
    seen_at: float | None
    job: Record | None
    usual: float | None = None
    """Seconds that jobs of this one's workflow usually take; None if that isn't known."""
    failures: int = 0
    """Recent jobs whose last attempt failed here."""

    def silent(self, now: float) -> bool:
        """Whether it gave no sign of life for a while: it was killed, or is cut off from Redis."""
        return self.presence is None or self.seen_at is None or now - self.seen_at > SILENT_AFTER

    def can_work(self, now: float) -> bool:
        """Whether it has a job in hand, or could take one."""
        if self.presence is None or self.silent(now):
            return False
        return self.job is not None or (self.presence.ready and not self.presence.draining)

    def hangs_for(self, now: float) -> float:
        """Seconds for which its job has stood at a step, if whole jobs take less; else 0.

        The job of a killed worker stands still, too: it doesn't count once a sign of life is missing.
        """
        job = self.job
        if job is None or job.started_at is None or self.seen_at is None or now - self.seen_at > 2 * BEAT_EVERY:
            return 0.0
        stood = now - max(job.started_at, job.moved_at or 0.0)
        spare = STEP_TAKES if job.step and self.usual is not None else LOAD_TAKES
        return stood if stood > (self.usual or 0.0) + spare else 0.0


@dataclass(frozen=True, slots=True)
class Overview:
    """All that `qwenedit status` shows."""

    now: float
    """Seconds since the epoch, by Redis' clock, as are all times here."""
    server: str | None
    """Program and version; None if this Redis user may not ask."""
    memory: Memory
    pictures_url: str
    bucket_problem: str | None
    """Why the store of objects can't be used."""
    counts: Counts
    oldest_enqueued_at: float | None
    """When the next job in line was accepted; None if none waits."""
    paused_since: float | None
    ended: dict[str, int]
    """State → jobs that ended lately."""
    failures: dict[str, int]
    """Reason → jobs that failed lately, or whose last attempt failed; the most frequent first."""
    knows_bot: bool
    """Whether this Redis user may look at what is the bot's: its leader and its answers."""
    leader: str | None
    """The bot's replica that leads."""
    answers: int
    """Jobs that ended and whose users may not have the answer yet."""
    oldest_answer: PendingAnswer | None
    set_aside: int
    """Updates and answers that could not be worked off."""
    workers: tuple[SeenWorker, ...]
    workers_ignored: int
    """Entries of the register that are no worker's."""


async def take_overview(redis: Redis, keys: Keys, queue: OperatorQueue, *, pictures_url: str = IN_REDIS) -> Overview:
    """Look at everything, in a few round trips.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        queue: Its queue.
        pictures_url: Where its pictures are; a bucket is tried with a tiny object.
    """
    now = await queue.now()
    places = await queue.ids_by_state()
    running = await queue.records(places[State.RUNNING])
    waiting = await queue.records(places[State.QUEUED][:MOST_WAITING])
    delayed = await queue.records(places[State.DELAYED][:MOST_WAITING])
    ended = await queue.records(await queue.ended_ids(since=now - 60 * MINUTES))
    failed = [record for record in ended if record.state is State.FAILED]
    failed += [record for record in (*running, *delayed, *waiting) if record.reason]
    knows_bot, leader, pending, set_aside = await _of_bot(redis, keys)
    seen = await Workers(redis, keys).seen()
    return Overview(
        now=now,
        server=await _server(redis),
        memory=await queue.memory(),
        pictures_url=pictures_url,
        bucket_problem=await _bucket_problem(pictures_url),
        counts=await queue.counts(),
        oldest_enqueued_at=waiting[0].enqueued_at if waiting else None,
        paused_since=await queue.paused_since(),
        ended=dict(Counter(record.state for record in ended if record.state)),
        failures=dict(Counter(record.reason or "unknown" for record in failed).most_common()),
        knows_bot=knows_bot,
        leader=leader,
        answers=pending + int(await redis.xlen(keys.events)),
        oldest_answer=await pending_answer(redis, keys),
        set_aside=set_aside,
        workers=tuple(await _workers(redis, keys, seen, running, failed)),
        workers_ignored=seen.ignored,
    )


async def _server(redis: Redis) -> str | None:
    try:
        told = await redis.info("server")
    except NoPermissionError:  # a Redis whose administrator keeps that to himself
        return None
    valkey = told.get("valkey_version")
    return f"valkey {valkey}" if valkey else f"redis {told.get('redis_version', '')}"


async def _bucket_problem(url: str) -> str | None:
    try:
        objects = open_objects(url)
        if objects is not None:
            await objects.check(deletes=False)
    except PictureStoreError as error:
        return str(error)
    return None


async def _of_bot(redis: Redis, keys: Keys) -> tuple[bool, str | None, int, int]:
    """Whether this user may look; the leader, and how many answers wait and entries were set aside."""
    try:
        leader = await redis.get(keys.leader)
        answers, updates = await Lanes(redis, keys.answers).occupancy(), await Lanes(redis, keys.inbox).occupancy()
    except NoPermissionError:  # a worker's user
        return False, None, 0, 0
    return True, str(leader) if leader else None, answers.waiting, answers.set_aside + updates.set_aside


async def _workers(
    redis: Redis, keys: Keys, seen: Seen, running: Sequence[Record], failed: Iterable[Record]
) -> list[SeenWorker]:
    jobs = {record.worker: record for record in running if record.worker}
    told = {one.presence.worker: one for one in seen.workers}
    failures = Counter(record.worker for record in failed)
    usual = {name: await _usual(redis, keys, name) for name in {record.workflow or "" for record in running}}
    return [
        SeenWorker(
            name=name,
            presence=told[name].presence if name in told else None,
            seen_at=told[name].at if name in told else None,
            job=job,
            usual=usual[job.workflow or ""] if job else None,
            failures=failures[name],
        )
        for name in sorted(told.keys() | jobs.keys())
        for job in [jobs.get(name)]
    ]


async def _usual(redis: Redis, keys: Keys, workflow: str) -> float | None:
    """Return the median of what the last jobs of a workflow took; the empty name is the workers' own."""
    try:
        times = await redis.lrange(keys.durations(workflow), 0, 99)
    except NoPermissionError:  # a worker's user
        return None
    return median(map(float, times)) if times else None
