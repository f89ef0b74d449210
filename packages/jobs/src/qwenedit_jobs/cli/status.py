"""`qwenedit status`: one look at an installation."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import Answer, duration, moment, one_line, pairs, size, table
from qwenedit_jobs.cli.overview import MINUTES, take_overview
from qwenedit_jobs.cli.trouble import needed, troubles
from qwenedit_jobs.model import State
from qwenedit_jobs.picture_address import IN_REDIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.cli.overview import Overview, SeenWorker
    from qwenedit_jobs.cli.trouble import Trouble

UNKNOWN = "not known here: ask the bot's pod"


async def status(at: Installation) -> Answer:
    """Show how the installation is."""
    overview = await take_overview(at)
    found = troubles(overview)
    return Answer({**asdict(overview), "trouble": found}, _text(overview, found, place=at.settings.place))


def _text(seen: Overview, found: Sequence[Trouble], *, place: str) -> str:
    paused = moment(seen.paused_since, now=seen.now)
    bucket = seen.bucket_problem or f"{seen.pictures_url}, which answers"
    facts = pairs(
        [
            *(("" if at else "trouble", f"{each.runbook}: {each.said}") for at, each in enumerate(found)),
            ("trouble", "" if found else "none that is seen here"),
            ("redis", f"{seen.server or 'version not known here'} at {place}, {_memory(seen)}"),
            ("bucket", "none: pictures are in Redis" if seen.pictures_url == IN_REDIS else bucket),
            ("queue", _queue(seen)),
            ("ended", _ended(seen)),
            ("answers", _answers(seen)),
            ("set aside", f"{seen.set_aside}; `qwenedit aside list` shows them" if seen.set_aside else ""),
            ("paused", f"since {paused}; `qwenedit resume` ends it" if paused else "no"),
            ("leader", UNKNOWN if seen.leader is None else seen.leader or "none: no bot leads"),
            ("workers", f"{len(seen.workers)} up, {sum(one.can_work(seen.now) for one in seen.workers)} of them ready"),
        ]
    )
    if not seen.workers:
        return f"{facts}\n\nNo worker is up."
    problems = [
        one_line(f"Not ready: {worker.name}: {worker.presence.problem}")
        for worker in seen.workers
        if worker.presence and worker.presence.problem
    ]
    return "\n".join((facts, "", table([_row(worker, seen.now) for worker in seen.workers]), *problems))


def _memory(seen: Overview) -> str:
    memory = seen.memory
    if not memory.limit:
        return f"{size(memory.used)} in use, no limit" if memory.used else "memory not known here"
    return (
        f"{size(memory.used)} of {size(memory.limit)} in use ({100 * memory.used / memory.limit:.0f} %), "
        f"{needed(memory):.0f} % needed with the results of unfinished jobs; new jobs are refused beyond 90 %"
    )


def _queue(seen: Overview) -> str:
    counts = seen.counts
    next_one = f" (the next one for {duration(seen.now - seen.oldest_enqueued_at)})" if seen.oldest_enqueued_at else ""
    leaving = f" ({counts.draining} on pods that leave)" if counts.draining else ""
    owed = "" if seen.answers is None else f", {seen.answers} to be answered"
    return (
        f"{counts.waiting} waiting{next_one}, {counts.running + counts.draining} running{leaving}, "
        f"{counts.delayed} between attempts, {counts.dead} dead{owed}"
    )


def _ended(seen: Overview) -> str:
    counts = ", ".join(f"{seen.ended.get(state, 0)} {state}" for state in (State.DONE, State.FAILED, State.CANCELLED))
    reasons = ", ".join(f"{reason}: {count}" for reason, count in seen.failures.items())
    said = f"in {MINUTES} min: {counts}"
    return f"{said}; jobs that failed, or whose last attempt did: {reasons}" if reasons else said


def _answers(seen: Overview) -> str:
    oldest = seen.oldest_answer
    if oldest is None:
        return ""
    since = f", which ended {duration(seen.now - oldest.since)} ago" if oldest.since else ""
    return f"the oldest to be given is that of job {oldest.job_id}{since}: {oldest.why(seen.now)}"


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
