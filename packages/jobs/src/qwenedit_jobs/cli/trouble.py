"""What is wrong with an installation, with the name of the runbook that says what to do: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.pending_answers import why_pending
from qwenedit_jobs.cli.recent_jobs import LOST, MINUTES
from qwenedit_jobs.cli.running_jobs import running_jobs
from qwenedit_jobs.cli.tables import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenedit_jobs.cli.overview import Overview
    from qwenedit_jobs.cli.running_jobs import RunningJob

FEWEST_FAILURES = 3
"""Jobs that fail, and more of them than are done, before that is called trouble."""
MOST_LOST = 3
"""Attempts of an hour that lose their worker, as the alert has it."""
FEWEST_CALLS = 5
"""The same of calls to Telegram."""
STALE = 300.0
"""Seconds after which the last failed call to Telegram is past."""
ANSWERED_WITHIN = 60.0
"""Seconds from a job's end until its answer is late."""
TAKEN_WITHIN = 30.0
"""Seconds within which an idle worker takes a job."""
LONG_LINE = 900.0
"""Seconds that the next job has waited where the line is long, as the alert has it."""
SHORT = 8
"""Characters of a job's id that tell it from others."""
NEARLY_FULL = 80
"""Percent of Redis' memory, as the alert has it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now."""

    runbook: str
    """Name of a page in docs/runbooks, and of its alert."""
    said: str


def troubles(seen: Overview) -> list[Trouble]:
    """Return what is wrong, what hurts most first."""
    return [
        Trouble(runbook, said)
        for kind in (_of_bot, _of_line, _of_running_jobs, _of_lost_workers, _of_ended_jobs, _of_telegram, _of_stores)
        for runbook, said in kind(seen)
    ]


def _of_bot(seen: Overview) -> Iterator[tuple[str, str]]:
    if seen.knows_bots and seen.leader is None:
        yield "QweneditBotDown", "no bot leads, so nobody is answered"


def _of_line(seen: Overview) -> Iterator[tuple[str, str]]:
    waiting = seen.counts.waiting
    waited = seen.now - seen.oldest_enqueued_at if seen.oldest_enqueued_at is not None else 0.0
    if waiting and seen.paused_since is not None:
        yield "QweneditPauseForgotten", f"waiting jobs: {waiting}, until an operator ends the pause"
    elif waiting and not any(worker.can_work(seen.now) for worker in seen.workers):
        yield "QweneditNoWorker", f"waiting jobs: {waiting}, and no worker is ready"
    elif waited > TAKEN_WITHIN and any(worker.idle(seen.now) for worker in seen.workers):
        yield "QweneditQueueStuck", f"the next job has waited for {duration(waited)}, and an idle worker leaves it"
    elif waited > LONG_LINE:
        yield "QweneditLineLong", f"the next job has waited for {duration(waited)}"


def _of_running_jobs(seen: Overview) -> Iterator[tuple[str, str]]:
    jobs = running_jobs(seen.workers, now=seen.now)
    if stuck := [job for job in jobs if job.hangs]:
        said = f"{_long(stuck[0])}, at {stuck[0].step} for {duration(stuck[0].stood)}"
        yield "QweneditQueueStuck", f"{said}{_more(stuck)}"
    if late := [job for job in jobs if job.near_limit]:
        said = f"{_long(late[0])}, and counts as failed after {duration(late[0].limit)}"
        yield "QweneditJobsFailFast", f"{said}{_more(late)}"


def _of_lost_workers(seen: Overview) -> Iterator[tuple[str, str]]:
    lost, silent = seen.lost, [worker for worker in seen.workers if worker.silent(seen.now)]
    in_hand = [worker for worker in silent if worker.job]
    if lost.times < MOST_LOST and not in_hand and not (lost.times and silent):
        return
    said = []
    if lost.times and lost.last_at is not None:
        times = "once" if lost.times == 1 else f"{lost.times} times"
        jobs = f", job {lost.jobs[0][:SHORT]} each time" if len(lost.jobs) == 1 and lost.times > 1 else ""
        ago = duration(seen.now - lost.last_at)
        said.append(f"jobs lost their worker {times} in the last hour{jobs}, the last {ago} ago")
    for worker in (in_hand or silent)[:1]:
        job = f" with job {worker.job.id[:SHORT]} in hand" if worker.job else ""
        said.append(f"worker {worker.name} is silent{job}")
    yield "QweneditWorkersLost", "; ".join(said)


def _of_ended_jobs(seen: Overview) -> Iterator[tuple[str, str]]:
    recent, answer = seen.recent, seen.oldest_answer
    if recent.failures >= FEWEST_FAILURES and recent.failures > recent.done:
        reasons = ", ".join(recent.failed)
        jobs = f"{recent.failures} of the {recent.failures + recent.done} jobs that ended in {MINUTES} min"
        yield "QweneditJobsFailFast", f"{jobs} failed for good ({reasons})"
    else:
        for name, tried in seen.failing.items():
            if tried.reasons != (LOST,):
                said = f"the last {tried.in_row} attempts of worker {name} failed ({', '.join(tried.reasons)})"
                yield "QweneditJobsFailFast", said
    if answer and answer.since and seen.now - answer.since > ANSWERED_WITHIN:
        late = duration(seen.now - answer.since)
        yield "QweneditAnswersLateFast", f"job {answer.job_id} ended {late} ago: {why_pending(answer, now=seen.now)}"


def _of_telegram(seen: Overview) -> Iterator[tuple[str, str]]:
    calls = seen.telegram
    if calls is None or calls.over or seen.now - (calls.last or 0.0) >= STALE:
        return
    if sum(calls.by_status.values()) >= FEWEST_CALLS:
        yield "QweneditTelegramRejects", f"{sum(calls.by_status.values())} calls to Telegram failed"


def _of_stores(seen: Overview) -> Iterator[tuple[str, str]]:
    needed = seen.redis_needed
    if needed is not None and needed >= NEARLY_FULL:
        yield "QweneditRedisNearlyFull", f"Redis needs {needed:.0f} % of its memory"
    if seen.place.problem:
        yield "QweneditPictureStoreFails", "the store of pictures cannot be used; the line `bucket` says why"
    if seen.set_aside:
        yield "QweneditSetAside", f"{seen.set_aside} updates or answers were set aside"


def _long(job: RunningJob) -> str:
    usual = f" where jobs take {duration(max(1.0, job.usual))}" if job.usual is not None else ""
    return f"job {job.id[:SHORT]} has run for {duration(job.ran)}{usual}"


def _more(jobs: list[RunningJob]) -> str:
    return f"; {len(jobs) - 1} more likewise" if len(jobs) > 1 else ""
