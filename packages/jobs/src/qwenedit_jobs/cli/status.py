"""`qwenedit status`: an overview of an installation. Each section adds facts, and troubles with their runbooks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError, ResponseError

from qwenedit_jobs import durations
from qwenedit_jobs.cli.installation import permitted
from qwenedit_jobs.cli.output import Answer, duration, moment, pairs, size
from qwenedit_jobs.cli.pending import pending_answer, pending_requests, pending_updates
from qwenedit_jobs.cli.recent_warnings import NAMESPACE, lines, present_troubles
from qwenedit_jobs.cli.worker_status import cut_off, seen_workers, show_workers, worker_troubles
from qwenedit_jobs.model import Memory, State, short_id
from qwenedit_jobs.queue.queue_view import SHARE
from qwenedit_jobs.redis.connection import check_writable
from qwenedit_jobs.workers.registry import Workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.cli.worker_status import SeenWorker
    from qwenedit_jobs.model import Status

A_FEW = 3
"""Failures or successes in a row that one user's bad photo doesn't explain."""
KUBECTL = f"kubectl -n {NAMESPACE}"
PODS = f"{KUBECTL} describe pods -l app.kubernetes.io/name=qwenedit | grep -E '^Name:|Reason:|Message:|^[0-9{{]'"
WHY = f"{PODS}; {KUBECTL} events --types=Warning | tail -20"
LOG = f"{KUBECTL} logs -l app.kubernetes.io/component=worker -c worker --tail=-1 | grep -E 'warning|error' | tail -3"
UNKNOWN = "unknown here: ask the bot's pod"
NONE = "none seen from here"


@dataclass(frozen=True, slots=True)
class Report:
    """The sections' findings; the worst trouble comes first."""

    now: float
    """Seconds since the epoch, by Redis' clock."""
    facts: list[tuple[str, str]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    """Each begins with the name of a page in docs/runbooks, which is also its alert's."""


async def status(at: Installation) -> Answer:
    """Show the installation's state, in a few round trips."""
    queue = at.queue
    report = Report(now=await queue.now())
    places = await queue.ids_by_state()
    running = await _known(at, places[State.RUNNING])
    waiting = await _known(at, places[State.QUEUED][:1_000])
    delayed = await _known(at, places[State.DELAYED][:1_000])
    ended = await _known(at, await queue.ended_ids(since=report.now - 15 * 60))
    retried = [job for job in (*running, *delayed, *waiting) if job.reason]
    failed = [*retried, *(job for job in ended if job.state is State.FAILED)]
    seen = await Workers(at.redis, at.keys).seen(durations.LAST_WORDS)
    workers = await seen_workers(at, seen.workers, running, failed)
    await _leader(report, at)
    await _bot(report, at)
    await _line(report, at, waiting, workers)
    report.troubles.extend(worker_troubles(workers, report.now, ignored=seen.ignored))
    parts = [*seen.bots, *seen.workers]
    report.troubles.extend(present_troubles(parts, report.now))
    _jobs(report, ended, retried, failed)
    await _redis(report, at)
    await _disk(report, at)
    none = NONE if ("answers", UNKNOWN) not in report.facts else f"{NONE}. The bot's pod sees more"
    troubles = [("" if at else "trouble", said) for at, said in enumerate(report.troubles or [none])]
    below = (pairs(troubles + report.facts), "", show_workers(workers, report.now), *lines(parts, report.now))
    return Answer("\n".join(below))


async def _known(at: Installation, ids: Sequence[str]) -> list[Status]:
    return [record.status for record in await at.queue.records(ids) if record.status]


async def _leader(report: Report, at: Installation) -> None:
    try:
        leader = str(await at.redis.get(at.keys.leader) or "none: no bot leads")
    except NoPermissionError:  # a worker's user of a Redis of the operator's own
        leader = UNKNOWN
    report.facts.append(("leader", leader))
    if leader.startswith("none"):
        report.troubles.append(f"QweneditBotDown: no bot leads, so users get no answers: `{WHY}` shows why")


async def _bot(report: Report, at: Installation) -> None:
    answers = await permitted(at.answers.occupancy())
    if answers is None:
        report.facts.append(("answers", UNKNOWN))
        return
    owed = f"{answers.waiting + int(await at.redis.xlen(at.keys.events))} to be answered"
    if oldest := await pending_answer(at):
        late, why = report.now - (oldest.since or report.now), oldest.why(report.now)
        since = f", which ended {duration(late)} ago" if oldest.since else ""
        owed = f"{owed}; the oldest is job {oldest.job_id}{since}: {why}"
        if late > 60:  # longer than a full minute of Telegram's pace in a group
            said = f"job {short_id(oldest.job_id)} ended {duration(late)} ago, and its user has no answer: {why}"
            report.troubles.append(f"QweneditAnswersLateFast: {said}")
    report.facts.append(("answers", owed))
    report.facts.append(("updates", await pending_updates(at, report.now)))
    report.facts.append(("requests", await pending_requests(at, report.now)))
    if aside := sum([(await lanes.occupancy()).set_aside for lanes in (at.updates, at.answers, at.requests)]):
        report.facts.append(("set aside", f"{aside}; `qwenedit aside list` shows them"))
        report.troubles.append(f"QweneditSetAside: {aside} updates, answers or requests were set aside")


async def _line(report: Report, at: Installation, waiting: Sequence[Status], workers: Sequence[SeenWorker]) -> None:
    counts, paused = await at.queue.counts(), await at.queue.paused_since()
    waited = report.now - waiting[0].enqueued_at if waiting else 0.0
    next_one = f" (the next one for {duration(waited)})" if waited else ""
    leaving = f" ({counts.draining} on leaving pods)" if counts.draining else ""
    since = "no" if paused is None else f"since {moment(paused, now=report.now)}; `qwenedit resume` ends it"
    running = f"{counts.running + counts.draining} running{leaving}"
    places = f"{counts.waiting} waiting{next_one}, {running}, {counts.delayed} between attempts, {counts.dead} dead"
    report.facts.append(("queue", places))
    report.facts.append(("paused", since))
    able = [worker for worker in workers if worker.can_work(report.now)]
    silent = [worker for worker in workers if worker.silent(report.now)]
    lost = f"; {len(silent)} silent" if silent else ""
    report.facts.append(("workers", f"{len(workers) - len(silent)} up, {len(able)} of them ready{lost}"))
    if counts.waiting and paused is not None:
        said = f"{counts.waiting} waiting, until an operator ends the pause"
        report.troubles.append(f"QweneditPauseForgotten: {said}")
    elif counts.waiting and not able:
        said = f"no worker is ready, and the next job has waited for {duration(waited)}: `{WHY}` shows why"
        heard = f". {cut_off(silent, report.now)}" if silent else f", and `{LOG}` shows workers' warnings"
        report.troubles.append(f"QweneditNoWorker: {said}{heard}. If there's no pod and no error, KEDA starts none")
    else:
        report.troubles.extend(_slow_line(waited, able, others=len(workers) - len(silent) - len(able)))


def _slow_line(waited: float, able: Sequence[SeenWorker], *, others: int) -> Iterator[str]:
    """Say what's wrong if the next job has `waited` too long for workers that are `able`, while `others` aren't yet."""
    idle = not all(worker.job for worker in able)
    if idle and waited > 30:  # an idle worker takes a job at once
        said = f"the next job has waited for {duration(waited)}, and an idle worker doesn't take it"
        yield f"QweneditQueueStuck: {said}"
    elif not idle and waited > durations.COLD_START:
        page = "QweneditNoWorker" if others else "QweneditAnswersLateFast"
        said = f"the next job has waited for {duration(waited)}, and all {len(able)} ready workers are busy"
        yield f"{page}: {said}: `{WHY}` shows if others can't start"


def _jobs(report: Report, ended: Sequence[Status], retried: list[Status], failed: list[Status]) -> None:
    """Report how jobs ended, newest first. `failed` are those that failed and the `retried`, whose last attempt did."""
    states = Counter(job.state for job in ended)
    told = [job for job in ended if job.state is not State.CANCELLED]
    newest = [*retried, *_newest(told, State.FAILED)]
    good = 0 if retried else len(_newest(told, State.DONE))
    counts = ", ".join(f"{states[state]} {state}" for state in (State.DONE, State.FAILED, State.CANCELLED))
    failures = f"; jobs that failed, or whose last attempt did: {_reasons(failed, counted=True)}" if failed else ""
    over = f". That's over: the last {good} have their pictures" if failed and good >= A_FEW else ""
    report.facts.append(("ended", f"in 15 min: {counts}{failures}{over}"))
    if len(newest) >= A_FEW:
        said, worst = f"the last {len(newest)} jobs failed", newest
    elif len(failed) >= A_FEW and len(failed) > states[State.DONE] and not over:
        said, worst = f"of the last {len(failed) + states[State.DONE]} jobs {len(failed)} failed", failed
    else:
        return
    page = "QweneditWorkersLost" if _reasons(worst).startswith("worker_lost") else "QweneditJobsFailFast"
    report.troubles.append(f"{page}: {said}, or their last attempt did ({_reasons(worst)})")


def _newest(jobs: Sequence[Status], state: State) -> list[Status]:
    return list(takewhile(lambda job: job.state is state, jobs))


def _reasons(failed: Sequence[Status], *, counted: bool = False) -> str:
    reasons = Counter(job.reason or "unknown" for job in failed).most_common()
    return ", ".join(f"{reason}: {count}" if counted else reason for reason, count in reasons)


async def _disk(report: Report, at: Installation) -> None:
    """Check whether Redis takes writes, by one that changes nothing, and whether its last rewrite succeeded."""
    try:
        await permitted(check_writable(at.redis, at.keys))
    except ResponseError as error:
        page = "QweneditRedisDiskFull" if "MISCONF" in str(error) else "QweneditBotDown"
        report.troubles.insert(0, f"{page}: Redis takes no writes: {error}")
    found = await permitted(at.redis.info("persistence")) or {}
    if not found.get("aof_enabled"):
        return
    file, rewritten = size(found.get("aof_current_size", 0)), found.get("aof_last_bgrewrite_status", "ok")
    report.facts.append(("disk", f"append-only file of {file}; last rewrite: {rewritten}"))
    if rewritten != "ok":
        said = f"Redis couldn't rewrite its append-only file, which is {file} and grows: Redis' log says why"
        report.troubles.append(f"QweneditRedisDiskFull: {said}")


async def _redis(report: Report, at: Installation) -> None:
    try:
        memory = await at.queue.memory()
    except ResponseError:  # it makes room, which takes writes
        memory = Memory(0, 0, 0)
    server = await permitted(at.redis.info("server"))
    name = "version unknown here"
    if server:
        kind = "valkey" if "valkey_version" in server else "redis"
        name = f"{kind} {server.get(f'{kind}_version', '')}"
    used = f"{size(memory.used)} in use, no limit" if memory.used else "memory unknown here"
    if memory.limit:
        needed = (memory.used + memory.kept_free) / memory.limit
        used = (
            f"{size(memory.used)} of {size(memory.limit)} in use ({memory.used / memory.limit:.0%}), {needed:.0%} "
            f"needed with the results of unfinished jobs; new jobs are refused beyond {SHARE:.0%}"
        )
        if needed >= SHARE:
            said = f"Redis needs {needed:.0%} of its memory, and refuses new jobs"
            report.troubles.append(f"QweneditRedisNearlyFull: {said}")
    clients = await permitted(at.redis.info("clients")) or {}
    open_, most = clients.get("connected_clients", 0), clients.get("maxclients", 0)
    connections = f"; {open_} of {most} connections" if most else ""
    uptime = f"; up for {duration(server['uptime_in_seconds'])}" if server else ""
    report.facts.append(("redis", f"{name} at {at.settings.place}, {used}{connections}{uptime}"))
