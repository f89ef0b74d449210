"""The state of an installation at one moment: its queue, its workers, its Redis."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from qwenedit_jobs.cli.installation import permitted
from qwenedit_jobs.cli.pending import pending_answer
from qwenedit_jobs.errors import PictureStoreError
from qwenedit_jobs.model import State
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_jobs.workers.registry import BEAT_EVERY, Presence, Workers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.cli.pending import PendingAnswer
    from qwenedit_jobs.model import Counts, Memory
    from qwenedit_jobs.queue.job_records import Record
    from qwenedit_jobs.workers.registry import LiveWorker

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
    """Program and version; None, as for the next four, if this Redis user may not ask."""
    leader: str | None
    """The bot's replica that leads; empty: none does."""
    set_aside: int | None
    """Updates and answers that could not be worked off."""
    answers: int | None
    """Jobs that ended and whose users may not have the answer yet."""
    oldest_answer: PendingAnswer | None
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
    workers: tuple[SeenWorker, ...]
    workers_ignored: int
    """Entries of the register that are no worker's."""


async def take_overview(at: Installation) -> Overview:
    """Look at everything, in a few round trips. A bucket is tried with a tiny object."""
    queue = at.queue
    now = await queue.now()
    places = await queue.ids_by_state()
    running = await queue.records(places[State.RUNNING])
    waiting = await queue.records(places[State.QUEUED][:MOST_WAITING])
    delayed = await queue.records(places[State.DELAYED][:MOST_WAITING])
    ended = await queue.records(await queue.ended_ids(since=now - 60 * MINUTES))
    failed = [record for record in ended if record.state is State.FAILED]
    failed += [record for record in (*running, *delayed, *waiting) if record.reason]
    seen = await Workers(at.redis, at.keys).seen()
    server = await permitted(at.redis.info("server"))
    answers, updates = await permitted(at.answers.occupancy()), await permitted(at.updates.occupancy())
    return Overview(
        now=now,
        server=_server(server) if server else None,
        leader=str(await at.redis.get(at.keys.leader) or "") if answers else None,
        set_aside=answers.set_aside + updates.set_aside if answers and updates else None,
        answers=answers.waiting + int(await at.redis.xlen(at.keys.events)) if answers else None,
        oldest_answer=await pending_answer(at),
        memory=await queue.memory(),
        pictures_url=at.settings.pictures_url,
        bucket_problem=await _bucket_problem(at.settings.pictures_url),
        counts=await queue.counts(),
        oldest_enqueued_at=waiting[0].enqueued_at if waiting else None,
        paused_since=await queue.paused_since(),
        ended=dict(Counter(record.state for record in ended if record.state)),
        failures=dict(Counter(record.reason or "unknown" for record in failed).most_common()),
        workers=tuple(await _workers(at, seen.workers, running, failed)),
        workers_ignored=seen.ignored,
    )


def _server(info: dict[str, Any]) -> str:
    return f"valkey {info['valkey_version']}" if "valkey_version" in info else f"redis {info.get('redis_version', '')}"


async def _bucket_problem(url: str) -> str | None:
    try:
        objects = open_objects(url)
        if objects is not None:
            await objects.check(deletes=False)
    except PictureStoreError as error:
        return str(error)
    return None


async def _workers(
    at: Installation, seen: Iterable[LiveWorker], running: Sequence[Record], failed: Iterable[Record]
) -> list[SeenWorker]:
    jobs = {record.worker: record for record in running if record.worker}
    alive = {one.presence.worker: one for one in seen}
    failures = Counter(record.worker for record in failed)
    usual = {name: await _usual(at, name) for name in {record.workflow or "" for record in running}}
    return [
        SeenWorker(
            name=name,
            presence=alive[name].presence if name in alive else None,
            seen_at=alive[name].at if name in alive else None,
            job=job,
            usual=usual[job.workflow or ""] if job else None,
            failures=failures[name],
        )
        for name in sorted(alive.keys() | jobs.keys())
        for job in [jobs.get(name)]
    ]


async def _usual(at: Installation, workflow: str) -> float | None:
    """Return the median of what the last jobs of a workflow took; the empty name is the workers' own."""
    times = await permitted(cast("Any", at.redis.lrange(at.keys.durations(workflow), 0, 99)))
    return median(map(float, times)) if times else None
