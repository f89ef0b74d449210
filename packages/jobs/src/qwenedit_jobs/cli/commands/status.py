"""`qwenedit status`: one look at an installation."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import Answer
from qwenedit_jobs.cli.overview import Overview, PicturePlace, SeenWorker, take_overview
from qwenedit_jobs.cli.pending_answers import why_pending
from qwenedit_jobs.cli.recent_jobs import MINUTES
from qwenedit_jobs.cli.tables import duration, moment, pairs, size, step_of, table
from qwenedit_jobs.cli.trouble import troubles
from qwenedit_jobs.picture_address import IN_REDIS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.cli.recent_jobs import Tried
    from qwenedit_jobs.cli.trouble import Trouble
    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.queue.operator_queue import OperatorQueue

HEADS = (
    "WORKER", "POD", "NODE", "VERSION", "STATE", "JOB", "FOR", "USUAL", "STEP", "ATTEMPTS FAILED", "COMFYUI", "AT",
    "GPU", "VRAM FREE", "SOCKETS", "UP", "SEEN",
)  # fmt: skip


UNKNOWN_LEADER = "not known here: only the bot's Redis user may ask"
FAILED_CALLS = {
    "401": "The token is wrong or was revoked",
    "404": "The token is wrong or was revoked",
    "409": "Another bot polls with the same token, or a webhook is set",
    "429": "The bot, or a chat, is too fast for Telegram",
    "5xx": "Telegram fails, or the Bot API server that `telegramApiUrl` names",
    "network": "There is no way to Telegram: DNS, network policy, proxy, or Telegram is blocked",
    "unreadable": "Something in between answers in Telegram's place, such as a proxy",
}
"""What the most frequent one means."""


async def status(redis: Redis, keys: Keys, queue: OperatorQueue, *, place: str, pictures_url: str = IN_REDIS) -> Answer:
    """Tell how the installation is.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        queue: Its queue.
        place: Where Redis is, in words.
        pictures_url: Where pictures lie.
    """
    overview = await take_overview(redis, keys, queue, pictures_url=pictures_url)
    found = troubles(overview)
    return Answer({**asdict(overview), "trouble": found}, _text(overview, found, place=place))


def _text(overview: Overview, found: Sequence[Trouble], *, place: str) -> str:
    paused = moment(overview.paused_since, now=overview.now)
    lines = pairs(
        [
            *(("" if at else "trouble", f"{each.runbook}: {each.said}") for at, each in enumerate(found)),
            ("" if found else "trouble", "" if found else "none that is seen here"),
            ("redis", _redis(overview, place)),
            ("bucket", _bucket(overview.place)),
            ("queue", _queue(overview)),
            ("ended", _ended(overview)),
            ("answers", _answers(overview)),
            ("telegram", _telegram(overview)),
            ("set aside", f"{overview.set_aside}; `qwenedit aside list` shows them" if overview.set_aside else ""),
            ("paused", f"since {paused}; `qwenedit resume` ends it" if paused else "no"),
            ("leader", overview.leader or ("none: no bot leads" if overview.knows_bots else UNKNOWN_LEADER)),
            ("workers", _workers(overview)),
        ]
    )
    if not overview.workers:
        return f"{lines}\n\nNo worker is up."
    rows = [_row(worker, overview.recent.workers.get(worker.name), overview.now) for worker in overview.workers]
    problems = [
        f"Not ready: {worker.name}: {worker.presence.problem}"
        for worker in overview.workers
        if worker.presence and worker.presence.problem
    ]
    problems += [
        f"Failing: {name}: its last {tried.in_row} attempts failed ({', '.join(tried.reasons)}). "
        "VRAM FREE is what it had between them"
        for name, tried in overview.failing.items()
    ]
    return "\n".join((lines, "", table(HEADS, rows), *problems))


def _redis(overview: Overview, place: str) -> str:
    server = overview.server
    if server is None:
        return f"at {place}"
    used = size(server.used_memory)
    memory = f"{used} in use, no limit"
    if overview.redis_used is not None:
        memory = f"{used} of {size(server.max_memory)} in use ({overview.redis_used:.0f} %)"
    if overview.redis_needed is not None:
        needed = f"{overview.redis_needed:.0f} % needed with the results of unfinished jobs"
        memory += f", {needed}; new jobs are refused beyond 90 %"
    return f"{server.program} {server.version} at {place}, {memory}"


def _bucket(pictures: PicturePlace) -> str:
    place = (
        "none: pictures lie in Redis"
        if pictures.url == IN_REDIS
        else pictures.problem or f"{pictures.url}, which answers"
    )
    return f"{place}; {pictures.to_delete} objects wait to be deleted" if pictures.to_delete else place


def _queue(overview: Overview) -> str:
    counts = overview.counts
    waiting = f"{counts.waiting} waiting"
    if overview.oldest_enqueued_at is not None:
        waiting += f" (the next one for {duration(overview.now - overview.oldest_enqueued_at)})"
    running = f"{counts.running + counts.draining} running"
    if counts.draining:
        running += f" ({counts.draining} on pods that leave)"
    others = f"{counts.delayed} between attempts, {counts.dead} dead, {overview.answers} to be answered"
    return f"{waiting}, {running}, {others}"


def _ended(overview: Overview) -> str:
    recent = overview.recent
    failed = f"{recent.failures} failed"
    if recent.failed:
        failed += f" ({_counted(recent.failed)})"
    said = f"in {MINUTES} min: {recent.done} done, {failed}, {recent.cancelled} cancelled"
    if recent.last_failed_at is not None:
        said += f"; the last failure {duration(overview.now - recent.last_failed_at)} ago"
    return f"{said}; between attempts: {_counted(recent.pausing)}" if recent.pausing else said


def _answers(overview: Overview) -> str:
    oldest = overview.oldest_answer
    if oldest is None:
        return ""
    since = f", which ended {duration(overview.now - oldest.since)} ago" if oldest.since else ""
    return f"the oldest to be given is that of job {oldest.job_id}{since}: {why_pending(oldest, now=overview.now)}"


def _telegram(overview: Overview) -> str:
    calls = overview.telegram
    if calls is None:
        return ""
    if not calls.by_status:
        return f"no call failed in {MINUTES} min"
    last = f", the last {duration(overview.now - calls.last)} ago" if calls.last else ""
    last += f"; over since {duration(overview.now - calls.over)}" if calls.over else ""
    wait = f"; 429 told the bot to wait for {duration(calls.wait)} in all" if calls.wait else ""
    meaning = FAILED_CALLS.get(next(iter(calls.by_status)), "")
    said = f"in {MINUTES} min calls failed with {_counted(calls.by_status)}{last}{wait}"
    return f"{said}. {meaning}" if meaning else said


def _workers(overview: Overview) -> str:
    up = len(overview.workers)
    ready = sum(worker.can_work(overview.now) for worker in overview.workers)
    said = f"{up} up, {ready} of them ready"
    failing = len(overview.failing)
    return f"{said}, {failing} failing" if failing else said


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


def _row(worker: SeenWorker, tried: Tried | None, now: float) -> tuple[str, ...]:
    presence, job = worker.presence, worker.job
    device = presence.device if presence else None
    return (
        worker.name,
        presence.pod if presence and presence.pod != worker.name else "",
        presence.node if presence else "",
        presence.version if presence else "",
        f"{_state(worker, now)}, failing" if tried and tried.failing else _state(worker, now),
        job.id if job else "",
        duration(now - job.started_at) if job and job.started_at else "",
        duration(worker.usual and max(1.0, worker.usual)),
        step_of(job) if job else "",
        f"{tried.failed} of {tried.attempts}" if tried else "",
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
