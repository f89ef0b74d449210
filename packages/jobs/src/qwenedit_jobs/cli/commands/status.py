"""`qwenedit status`: one look at an installation."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import Answer, duration, lines, moment, pairs, size, table
from qwenedit_jobs.cli.overview import MINUTES, take_overview
from qwenedit_jobs.cli.trouble import troubles
from qwenedit_jobs.model import State
from qwenedit_jobs.picture_address import IN_REDIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.cli.overview import Overview, SeenWorker
    from qwenedit_jobs.cli.trouble import Trouble
    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.queue.operator_queue import OperatorQueue

HEADS = (
    "WORKER", "POD", "NODE", "VERSION", "STATE", "JOB", "FOR", "STEP", "FAILED", "COMFYUI", "AT", "GPU", "VRAM FREE",
    "SOCKETS", "UP", "SEEN",
)  # fmt: skip


async def status(redis: Redis, keys: Keys, queue: OperatorQueue, *, place: str, pictures_url: str = IN_REDIS) -> Answer:
    """Tell how the installation is.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        queue: Its queue.
        place: Where Redis is, in words.
        pictures_url: Where pictures are.
    """
    overview = await take_overview(redis, keys, queue, pictures_url=pictures_url)
    found = troubles(overview)
    return Answer({**asdict(overview), "trouble": found}, _text(overview, found, place=place))


def _text(seen: Overview, found: Sequence[Trouble], *, place: str) -> str:
    paused = moment(seen.paused_since, now=seen.now)
    facts = pairs(
        [
            *(("" if at else "trouble", f"{each.runbook}: {each.said}") for at, each in enumerate(found)),
            ("trouble", "" if found else "none that is seen here"),
            ("redis", _redis(seen, place)),
            ("bucket", _bucket(seen)),
            ("queue", _queue(seen)),
            ("ended", _ended(seen)),
            ("answers", _answers(seen)),
            ("set aside", f"{seen.set_aside}; `qwenedit aside list` shows them" if seen.set_aside else ""),
            ("paused", f"since {paused}; `qwenedit resume` ends it" if paused else "no"),
            (
                "leader",
                seen.leader or ("none: no bot leads" if seen.knows_bot else "not known here: ask the bot's pod"),
            ),
            ("workers", _workers(seen)),
        ]
    )
    if not seen.workers:
        return f"{facts}\n\nNo worker is up."
    problems = [
        f"Not ready: {worker.name}: {worker.presence.problem}"
        for worker in seen.workers
        if worker.presence and worker.presence.problem
    ]
    rows = table(HEADS, [_row(worker, seen.now) for worker in seen.workers])
    return "\n".join((facts, "", rows, *([lines(problems)] if problems else [])))


def _redis(seen: Overview, place: str) -> str:
    memory = seen.memory
    if not memory.limit:
        said = f"{size(memory.used)} in use, no limit" if memory.used else "memory not known here"
    else:
        needed = 100 * (memory.used + memory.kept_free) / memory.limit
        said = (
            f"{size(memory.used)} of {size(memory.limit)} in use ({100 * memory.used / memory.limit:.0f} %), "
            f"{needed:.0f} % needed with the results of unfinished jobs; new jobs are refused beyond 90 %"
        )
    return f"{seen.server or 'version not known here'} at {place}, {said}"


def _bucket(seen: Overview) -> str:
    if seen.pictures_url == IN_REDIS:
        return "none: pictures are in Redis"
    return seen.bucket_problem or f"{seen.pictures_url}, which answers"


def _queue(seen: Overview) -> str:
    counts = seen.counts
    waiting, running = f"{counts.waiting} waiting", f"{counts.running + counts.draining} running"
    if seen.oldest_enqueued_at is not None:
        waiting += f" (the next one for {duration(seen.now - seen.oldest_enqueued_at)})"
    if counts.draining:
        running += f" ({counts.draining} on pods that leave)"
    return f"{waiting}, {running}, {counts.delayed} between attempts, {counts.dead} dead, {seen.answers} to be answered"


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


def _workers(seen: Overview) -> str:
    return f"{len(seen.workers)} up, {sum(worker.can_work(seen.now) for worker in seen.workers)} of them ready"


def _row(worker: SeenWorker, now: float) -> tuple[str, ...]:
    presence, job = worker.presence, worker.job
    device = presence.device if presence else None
    return (
        worker.name,
        presence.pod if presence and presence.pod != worker.name else "",
        presence.node if presence else "",
        presence.version if presence else "",
        _state(worker, now),
        job.id if job else "",
        duration(now - job.started_at) if job and job.started_at else "",
        job.at if job else "",
        str(worker.failures or ""),
        device.version if device else "",
        presence.comfyui_url if presence else "",
        device.name if device else "",
        f"{size(device.vram_free)} of {size(device.vram_total)}" if device else "",
        str(presence.sockets) if presence and presence.sockets is not None else "",
        duration(now - presence.since) if presence else "",
        f"{duration(now - worker.seen_at)} ago" if worker.seen_at else "",
    )


def _state(worker: SeenWorker, now: float) -> str:
    if worker.presence is None or worker.silent(now):
        return "silent"
    if worker.presence.draining:
        return "leaving"
    if worker.job is not None:
        return "busy"
    return "idle" if worker.presence.ready else "not ready"
