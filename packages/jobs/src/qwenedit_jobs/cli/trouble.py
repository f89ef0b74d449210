"""What is wrong with an installation, with the name of the runbook that says what to do: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.pending_answers import why_pending
from qwenedit_jobs.cli.tables import duration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwenedit_jobs.cli.overview import Overview

FEWEST_FAILURES = 3
"""Jobs that fail, and more of them than are done, before that is called trouble."""
FEWEST_CALLS = 5
"""The same of calls to Telegram."""
STALE = 300.0
"""Seconds after which the last failed call to Telegram is past."""
ANSWERED_WITHIN = 60.0
"""Seconds from a job's end until its answer is late."""
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
    return [Trouble(runbook, said) for runbook, said in _troubles(seen)]


def _troubles(seen: Overview) -> Iterator[tuple[str, str]]:
    recent, waiting = seen.recent, seen.counts.waiting
    if waiting and seen.paused_since is not None:
        yield "QweneditPauseForgotten", f"waiting jobs: {waiting}, until an operator ends the pause"
    elif waiting and not any(worker.can_work for worker in seen.workers):
        yield "QweneditNoWorker", f"waiting jobs: {waiting}, and no worker is ready"
    if recent.failures >= FEWEST_FAILURES and recent.failures > recent.done:
        reasons = ", ".join(recent.failed)
        yield "QweneditJobsFailFast", f"{recent.failures} of {recent.failures + recent.done} jobs failed ({reasons})"
    calls = seen.telegram
    if calls and sum(calls.by_status.values()) >= FEWEST_CALLS and seen.now - (calls.last or 0.0) < STALE:
        yield "QweneditTelegramRejects", f"{sum(calls.by_status.values())} calls to Telegram failed"
    answer = seen.oldest_answer
    if answer and answer.since and seen.now - answer.since > ANSWERED_WITHIN:
        late = duration(seen.now - answer.since)
        yield "QweneditAnswersLateFast", f"job {answer.job_id} ended {late} ago: {why_pending(answer, now=seen.now)}"
    needed = seen.redis_needed
    if needed is not None and needed >= NEARLY_FULL:
        yield "QweneditRedisNearlyFull", f"Redis needs {needed:.0f} % of its memory for what cannot go"
    if seen.place.problem:
        yield "QweneditPictureStoreFails", seen.place.problem
    if seen.set_aside:
        yield "QweneditSetAside", f"{seen.set_aside} updates or answers were set aside"
