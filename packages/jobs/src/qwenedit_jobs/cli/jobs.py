"""`qwenedit jobs …` and `qwenedit dead …`: the jobs that Redis remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_jobs.cli.installation import only_one
from qwenedit_jobs.cli.output import Answer, Deed, duration, moment, of_deeds, pairs, table
from qwenedit_jobs.cli.pending import pending_answer
from qwenedit_jobs.model import Cancelled, State
from qwenedit_jobs.queue.job_records import detail_without_prompt
from qwenedit_jobs.queue.operator_queue import Requeued

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.model import Status
    from qwenedit_jobs.queue.job_records import JobRecord

UNREADABLE = "not readable by this version"
STRANGER = "not a job: another program's item in the queue; `qwenedit dead drop` removes it"
ENDED = "done already: its user has the picture, or gets it now"
FORGOTTEN = "no longer remembered"
CANCELLED = {
    Cancelled.CANCELLED: "cancelled",
    Cancelled.CANCELLING: "cancelling: its worker stops within a second",
    Cancelled.DONE: ENDED,
    Cancelled.FAILED: "failed already; `qwenedit dead drop` forgets it",
    Cancelled.UNKNOWN: FORGOTTEN,
}
REQUEUED = {
    Requeued.QUEUED: "in line",
    Requeued.DONE: ENDED,
    Requeued.CANCELLED: "cancelled by its user",
    Requeued.UNKNOWN: FORGOTTEN,
}


async def jobs_list(at: Installation, *, user: int | None = None, everything: bool = False) -> Answer:
    """List jobs, those in line in their order; those that ended come last, the newest first.

    Args:
        at: The installation.
        user: If given, only this user's.
        everything: Also those that ended.
    """
    everything = everything or user is not None  # a user asks about jobs that ended, mostly
    places = await at.queue.ids_by_state()
    ids = [job_id for state in (State.QUEUED, State.RUNNING, State.DELAYED) for job_id in places[state]]
    if everything:
        ids += await at.queue.ended_ids()
    records = [
        record
        for record in await at.queue.records(dict.fromkeys(ids))
        if (record.status or record.raw) and (user is None or (record.status and record.status.job.user_id == user))
    ]
    whose = f" of user {user}" if user is not None else ""
    which = "is known" if everything else "is under way; --all shows those that ended"
    return await _listed(at, records, none=f"None: no job{whose} {which}.")


async def jobs_show(at: Installation, *, start: str) -> Answer:
    """Show everything about a job except its prompt."""
    record, now = await _find(at, start), await at.queue.now()
    rows = {"id": record.id, "state": _state(record)}
    if (status := record.status) is not None:
        rows |= _facts(status, now)
        if status.state.final and not status.answered:
            pending = await pending_answer(at, record.id)
            rows["answer"] = f"not yet; {pending.why(now)}" if pending else "not yet, and no answer is on its way"
    return Answer(pairs([*rows.items(), *(record.raw or {}).items()]))


def _facts(status: Status, now: float) -> dict[str, str]:
    edit = status.job.edit
    return {
        "user": str(status.job.user_id or ""),
        "pictures": str(len(edit.pictures)),
        "workflow": edit.workflow or "",
        "seed": str(edit.seed),
        "step": f"{status.phase} {status.step}/{status.steps}",
        "attempt": f"{status.attempt}/{status.max_attempts}",
        "requeued": str(status.ending or ""),
        "worker": status.worker,
        "reason": status.reason or "",
        "detail": detail_without_prompt(status),
        "enqueued": moment(status.enqueued_at, now=now),
        "started": moment(status.started_at, now=now),
        "moved": moment(status.moved_at, now=now),
        "finished": moment(status.finished_at, now=now),
        "answered": moment(status.answered_at, now=now),
        "trace id": status.trace_context.partition("-")[2].partition("-")[0],
        "answer": status.answer,
    }


async def jobs_cancel(at: Installation, *, starts: Sequence[str]) -> Answer:
    """Cancel jobs; their users see it as if they had cancelled themselves."""
    deeds = []
    for record in [await _find(at, start) for start in starts]:
        outcome = await at.queue.cancel(record.id)
        done = outcome in {Cancelled.CANCELLED, Cancelled.CANCELLING}
        deeds.append(Deed(record.id, CANCELLED[outcome], done=done))
    return of_deeds(deeds)


async def jobs_requeue(at: Installation, *, starts: Sequence[str]) -> Answer:
    """Put jobs back in line."""
    return of_deeds([await _requeue(at, await _find(at, start)) for start in starts])


async def dead_list(at: Installation) -> Answer:
    """List the jobs that failed for good, newest first, and items of the queue's list that are no jobs."""
    dead = (await at.queue.ids_by_state())[State.FAILED]
    return await _listed(at, await at.queue.records(dead), none="No job is dead.")


async def dead_retry(at: Installation, *, starts: Sequence[str], everything: bool) -> Answer:
    """Run dead jobs again, at the end of the line."""
    return of_deeds([await _requeue(at, record) for record in await _chosen(at, starts, everything=everything)])


async def dead_drop(at: Installation, *, starts: Sequence[str], everything: bool) -> Answer:
    """Delete dead jobs and their photos."""
    deeds = []
    for record in await _chosen(at, starts, everything=everything):
        done = await at.queue.drop(record.id)
        if done and record.status and record.status.state is State.FAILED:
            await at.pictures.erase(record.id)
        deeds.append(Deed(record.id, "forgotten" if done else "is not among the dead any more", done=done))
    return of_deeds(deeds)


async def _listed(at: Installation, records: Sequence[JobRecord], *, none: str) -> Answer:
    now = await at.queue.now()
    return Answer(table([_row(record, now) for record in records]) if records else none)


def _row(record: JobRecord, now: float) -> dict[str, str]:
    row = {"id": record.id, "state": _state(record)}
    if (status := record.status) is None:
        return row
    failed = status.state is State.FAILED
    return row | {
        "user": str(status.job.user_id or ""),
        "age": duration(now - status.enqueued_at),
        "ended": f"{duration(now - status.finished_at)} ago" if status.finished_at else "",
        "attempt": f"{status.attempt}/{status.max_attempts}",
        "step": status.at,
        "worker": status.worker,
        "reason": status.reason or "",
        "detail": detail_without_prompt(status)[:60] if failed else "",
    }


def _state(record: JobRecord) -> str:
    if record.status is None:
        return STRANGER if record.raw is None else UNREADABLE
    return f"{record.status.state} (cancelling)" if record.status.cancelling else record.status.state


async def _requeue(at: Installation, record: JobRecord) -> Deed:
    """Put one job back in line, unless it would only fail again."""
    if (status := record.status) is None:
        return Deed(record.id, _state(record), done=False)
    if status.state is State.FAILED and not await at.pictures.holds(*status.job.edit.pictures):
        return Deed(record.id, "its pictures are gone: the user has to send them again", done=False)
    outcome, _before = await at.queue.requeue(record.id)
    return Deed(record.id, REQUEUED[outcome], done=outcome is Requeued.QUEUED)


async def _find(at: Installation, start: str) -> JobRecord:
    hint = (
        "`qwenedit jobs list --all` shows those that wait, run or ended lately; a job is forgotten a day after its "
        "answer"
    )
    job_id = only_one(await at.queue.ids_like(start), start, hint=hint)
    [record] = await at.queue.records([job_id])
    return record


async def _chosen(at: Installation, starts: Sequence[str], *, everything: bool) -> list[JobRecord]:
    dead = (await at.queue.ids_by_state())[State.FAILED]
    hint = "`qwenedit dead list` shows the dead"
    return await at.queue.records(dead if everything else [only_one(dead, start, hint=hint) for start in starts])
