"""What is wrong with an installation, with the name of the runbook that says what to do: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import duration
from qwenedit_jobs.model import State, short_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qwenedit_jobs.cli.overview import Overview
    from qwenedit_jobs.model import Memory

FEWEST_FAILURES = 3
"""Jobs that fail, and more of them than are done, before that is called trouble."""
TAKEN_WITHIN = 30.0
"""Seconds within which an idle worker takes a job."""
ANSWERED_WITHIN = 60.0
"""Seconds from a job's end until its answer is late."""
FULL = 90.0
"""Percent of Redis' memory above which new jobs are refused."""
TELEGRAM = ("Telegram", "flood")
"""Beginnings of what an answer waits for if Telegram doesn't take it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now."""

    runbook: str
    """Name of a page in docs/runbooks, and of its alert."""
    said: str


def needed(memory: Memory) -> float:
    """Return how much of its memory Redis needs with the results of unfinished jobs, in percent; 0 without a limit."""
    return 100 * (memory.used + memory.kept_free) / memory.limit if memory.limit else 0.0


def troubles(seen: Overview) -> list[Trouble]:
    """Return what is wrong, what hurts most first."""
    return [
        Trouble(runbook, said)
        for kind in (_of_bot, _of_line, _of_workers, _of_failures, _of_stores)
        for runbook, said in kind(seen)
    ]


def _of_line(seen: Overview) -> Iterator[tuple[str, str]]:
    waiting, able = seen.counts.waiting, [worker for worker in seen.workers if worker.can_work(seen.now)]
    waited = seen.now - seen.oldest_enqueued_at if seen.oldest_enqueued_at is not None else 0.0
    if waiting and seen.paused_since is not None:
        yield "QweneditPauseForgotten", f"waiting jobs: {waiting}, until an operator ends the pause"
    elif waiting and not able:
        yield "QweneditNoWorker", f"waiting jobs: {waiting}, and no worker is ready"
    elif waited > TAKEN_WITHIN and not all(worker.job for worker in able):
        yield "QweneditQueueStuck", f"the next job has waited for {duration(waited)}, and an idle worker leaves it"


def _of_workers(seen: Overview) -> Iterator[tuple[str, str]]:
    busy = [(worker, worker.job) for worker in seen.workers if worker.job is not None]
    if stuck := [(worker.hangs_for(seen.now), worker, job) for worker, job in busy if worker.hangs_for(seen.now)]:
        stood, worker, job = stuck[0]
        usual = f" where jobs take {duration(max(1.0, worker.usual))}" if worker.usual is not None else ""
        said = f"job {short_id(job.id)} has stood at {job.at} for {duration(stood)}{usual}"
        yield "QweneditQueueStuck", f"{said}{_more(stuck)}"
    if silent := [(worker, job) for worker, job in busy if worker.silent(seen.now)]:
        worker, job = silent[0]
        said = f"worker {worker.name} is silent with job {short_id(job.id)} in hand"
        yield "QweneditWorkersLost", f"{said}{_more(silent)}"
    if seen.workers_ignored:
        said = f"{seen.workers_ignored} entries of the register of workers are no worker's, or too large"
        yield "QweneditWorkersLost", f"{said}: somebody else has a worker's Redis password"


def _more(found: Sequence[object]) -> str:
    return f"; {len(found) - 1} more likewise" if len(found) > 1 else ""


def _of_failures(seen: Overview) -> Iterator[tuple[str, str]]:
    failures, done = sum(seen.failures.values()), seen.ended.get(State.DONE, 0)
    if failures >= FEWEST_FAILURES and failures > done:
        reasons = ", ".join(seen.failures)
        runbook = "QweneditWorkersLost" if reasons.startswith("worker_lost") else "QweneditJobsFailFast"
        yield runbook, f"of the last {failures + done} jobs {failures} failed, or their last attempt did ({reasons})"


def _of_bot(seen: Overview) -> Iterator[tuple[str, str]]:
    if seen.leader == "":
        yield "QweneditBotDown", "no bot leads, so nobody is answered"
    answer = seen.oldest_answer
    if answer and answer.since and seen.now - answer.since > ANSWERED_WITHIN:
        late, why = duration(seen.now - answer.since), answer.why(seen.now)
        runbook = "QweneditTelegramRejects" if answer.stay.why.startswith(TELEGRAM) else "QweneditAnswersLateFast"
        yield runbook, f"job {short_id(answer.job_id)} ended {late} ago, and its user has no answer: {why}"
    if seen.set_aside:
        yield "QweneditSetAside", f"{seen.set_aside} updates or answers were set aside"


def _of_stores(seen: Overview) -> Iterator[tuple[str, str]]:
    if needed(seen.memory) >= FULL:
        yield "QweneditRedisNearlyFull", f"Redis needs {needed(seen.memory):.0f} % of its memory, and refuses new jobs"
    if seen.bucket_problem:
        yield "QweneditPictureStoreFails", "the store of pictures can't be used; the line `bucket` says why"
