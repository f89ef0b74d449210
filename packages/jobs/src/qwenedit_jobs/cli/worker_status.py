"""The workers of an installation with their jobs, as `qwenedit status` shows them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, cast

from qwenedit_jobs import durations
from qwenedit_jobs.cli.installation import permitted
from qwenedit_jobs.cli.output import duration, one_line, size, table
from qwenedit_jobs.cli.recent_warnings import NAMESPACE
from qwenedit_jobs.model import short_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.model import Status
    from qwenedit_jobs.workers.registry import LiveWorker, Presence

LATE = 2 * durations.BEAT
"""Seconds without a heartbeat after which a worker with a job counts as lost."""


@dataclass(frozen=True, slots=True)
class SeenWorker:
    """A worker that gave a sign of life, or has a job. Times are seconds since the epoch, by Redis' clock."""

    name: str
    presence: Presence | None
    """None: it was killed over a minute ago, or is another version's."""
    seen_at: float | None
    job: Status | None
    usual: float | None = None
    """Usual seconds of a job with this job's workflow; None if unknown."""
    failures: int = 0
    """Recent jobs whose last attempt failed here."""

    def silent(self, now: float) -> bool:
        """Whether three signs of life are missing: it was killed, or is cut off from Redis."""
        return self.presence is None or self.seen_at is None or now - self.seen_at > 3 * durations.BEAT

    def late(self, now: float) -> bool:
        """Whether a sign of life is missing: if it has a job, that's soon taken from it."""
        return self.seen_at is None or now - self.seen_at > LATE

    def can_work(self, now: float) -> bool:
        """Whether it has a job, or could take one."""
        if self.presence is None or self.silent(now):
            return False
        return self.job is not None or (self.presence.ready and not self.presence.draining)

    def hangs_for(self, now: float) -> float:
        """Seconds for which its job has stood at a step, if whole jobs take less; else 0.

        The job of a killed worker stands still, too: it doesn't count once a sign of life is missing.
        """
        job = self.job
        if job is None or job.started_at is None or self.late(now):
            return 0.0
        stood = now - max(job.started_at, job.moved_at or 0.0)
        # Before the first step the model may have to be loaded.
        spare = 20.0 if job.step and self.usual is not None else 120.0
        return stood if stood > (self.usual or 0.0) + spare else 0.0


async def seen_workers(
    at: Installation, alive: Iterable[LiveWorker], running: Sequence[Status], failed: Iterable[Status]
) -> list[SeenWorker]:
    """Join the register of workers with running and failed jobs."""
    jobs = {job.worker: job for job in running if job.worker}
    seen = {one.presence.worker: one for one in alive}
    failures = Counter(job.worker for job in failed)
    usual = {name: await _usual(at, name) for name in {job.job.edit.workflow or "" for job in running}}
    return [
        SeenWorker(
            name=name,
            presence=seen[name].presence if name in seen else None,
            seen_at=seen[name].at if name in seen else None,
            job=job,
            usual=usual[job.job.edit.workflow or ""] if job else None,
            failures=failures[name],
        )
        for name in sorted(seen.keys() | jobs.keys())
        for job in [jobs.get(name)]
    ]


async def _usual(at: Installation, workflow: str) -> float | None:
    """Return a workflow's median seconds per job; the empty name is the default workflow."""
    seconds = await permitted(cast("Any", at.redis.lrange(at.keys.durations(workflow), 0, 99)))
    return median(map(float, seconds)) if seconds else None


def worker_troubles(workers: Sequence[SeenWorker], now: float, *, ignored: int) -> Iterator[str]:
    """Report hanging jobs, lost workers, and a register that another program writes, with their runbooks."""
    busy = [(worker, worker.job) for worker in workers if worker.job is not None]
    if stuck := [(worker, job) for worker, job in busy if worker.hangs_for(now)]:
        worker, job = stuck[0]
        usual = f" where jobs take {duration(max(1.0, worker.usual))}" if worker.usual is not None else ""
        stood = f"job {short_id(job.id)} has stood at {job.at} for {duration(worker.hangs_for(now))}{usual}"
        yield f"QweneditQueueStuck: {stood}{_more(stuck)}"
    if late := [(worker, job) for worker, job in busy if worker.late(now)]:
        worker, job = late[0]
        since = f" for {duration(now - worker.seen_at)}" if worker.seen_at else ""
        said = f"worker {worker.name} is silent{since} with job {short_id(job.id)}{_more(late)}"
        yield f"QweneditWorkersLost: {said}. {cut_off([worker for worker, _job in late], now)}"
    if ignored:
        said = f"{ignored} entries of the workers' register aren't a worker's, or are too large"
        yield f"QweneditWorkersLost: {said}: somebody else has a worker's Redis password"


def cut_off(silent: Sequence[SeenWorker], now: float) -> str:
    """Say which worker fell silent while Redis answers here, and which log says why."""
    worker = max(silent, key=lambda each: each.seen_at or 0.0)
    ago = duration(now - worker.seen_at) if worker.seen_at else "more than 15 min"
    log = f"kubectl -n {NAMESPACE} logs {worker.name} -c worker --tail=5"
    return f"Worker {worker.name} was last heard {ago} ago, and Redis answers here: `{log}` says what cuts it off"


def _more(found: Sequence[object]) -> str:
    return f"; {len(found) - 1} more likewise" if len(found) > 1 else ""


def show_workers(workers: Sequence[SeenWorker], now: float) -> str:
    """Return a table of the workers, with the reasons why some aren't ready below it."""
    if not workers:
        return "No worker is up."
    problems = [
        one_line(f"Not ready: {worker.name}: {worker.presence.problem}")
        for worker in workers
        if worker.presence and worker.presence.problem
    ]
    return "\n".join((table([_row(worker, now) for worker in workers]), *problems))


def _row(worker: SeenWorker, now: float) -> dict[str, str]:
    presence, job = worker.presence, worker.job
    device = presence.device if presence else None
    return {
        "worker": worker.name,
        "version": presence.version if presence else "",
        "state": _state(worker, now),
        "job": job.id if job else "",
        "for": duration(now - job.started_at) if job and job.started_at else "",
        "step": job.at if job else "",
        "failed": str(worker.failures or ""),
        "comfyui": device.version if device else "",
        "at": presence.comfyui_url if presence else "",
        "gpu": device.name if device else "",
        "vram free": f"{size(device.vram_free)} of {size(device.vram_total)}" if device else "",
        "sockets": str(presence.sockets) if presence and presence.sockets is not None else "",
        "seen": f"{duration(now - worker.seen_at)} ago" if worker.seen_at else "",
    }


def _state(worker: SeenWorker, now: float) -> str:
    if worker.presence is None or worker.silent(now):
        return "silent"
    if worker.presence.draining:
        return "leaving"
    if worker.job is not None:
        return "busy"
    return "idle" if worker.presence.ready else "not ready"
