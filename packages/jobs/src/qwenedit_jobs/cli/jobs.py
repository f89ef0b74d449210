"""`qwenedit jobs …` and `qwenedit dead …`: the jobs that Redis remembers."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.installation import only_one
from qwenedit_jobs.cli.output import Answer, Deed, duration, moment, of_deeds, pairs, table
from qwenedit_jobs.cli.pending import pending_answer
from qwenedit_jobs.model import Cancelled, State
from qwenedit_jobs.queue.operator_queue import Requeued

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.queue.job_records import Record

UNDER_WAY = (State.QUEUED, State.RUNNING, State.DELAYED)
LATELY = "some 1,000"
"""How many ended jobs a list knows."""
UNREADABLE = "not readable by this version"
STRANGER = "no job: somebody else's item from the queue's list; `qwenedit dead drop` removes it"
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


async def jobs_list(
    at: Installation, *, states: Sequence[str] = (), user: int | None = None, everything: bool = False
) -> Answer:
    """List jobs, those in line in their order.

    Args:
        at: The installation.
        states: Of which to list; of jobs that have ended the last ones, the newest first.
        user: If given, only this user's.
        everything: Of all states.
    """
    # A user asks about jobs that ended, mostly.
    chosen = tuple(map(State, states)) or (tuple(State) if everything or user is not None else UNDER_WAY)
    places = await at.queue.ids_by_state()
    ids = [job_id for state in chosen for job_id in places.get(state, ())]
    ended = any(state.final for state in chosen)
    if ended:
        ids += await at.queue.ended_ids()
    found = [
        record
        for record in await at.queue.records(dict.fromkeys(ids))
        if (record.raw or record.state in chosen) and (user is None or record.user_id == user)
    ]
    whose = f" of user {user}" if user is not None else ""
    hint = f"of those that ended, {LATELY} are known" if ended else "--all shows those that ended, too"
    return await _listed(at, found, none=f"None: no job{whose} is {' or '.join(chosen)}; {hint}.")


async def jobs_show(at: Installation, *, start: str) -> Answer:
    """Tell all that is known of one job but its prompt."""
    record = await _find(at, start)
    owed = record.state is not None and record.state.final and record.answered_at is None
    pending = await pending_answer(at, record.id) if owed else None
    now = await at.queue.now()
    known = record.raw or {**_fields(record, now), "id": "", "state": "", "pictures": str(len(record.pictures))}
    waits = f"not yet; {pending.why(now)}" if pending else "not yet, and no answer is on its way"
    rows = [("id", record.id), ("state", _state(record)), *known.items(), ("answer", waits if owed else "")]
    return Answer(pairs(rows))


def _fields(record: Record, now: float) -> dict[str, str]:
    return {
        name.removesuffix("_at").replace("_", " "): moment(value, now=now) if name.endswith("_at") else str(value or "")
        for name, value in asdict(record).items()
    }


async def jobs_cancel(at: Installation, *, starts: Sequence[str]) -> Answer:
    """Cancel jobs; their users are told as if they had done it themselves."""
    deeds = []
    for record in [await _find(at, start) for start in starts]:
        outcome = await at.queue.cancel(record.id)
        done = outcome in {Cancelled.CANCELLED, Cancelled.CANCELLING}
        deeds.append(Deed(record.id, CANCELLED[outcome], done=done))
    return of_deeds(deeds)


async def jobs_requeue(at: Installation, *, starts: Sequence[str], force: bool) -> Answer:
    """Put jobs back in line; also those whose pictures are gone, if `force`."""
    return await _requeued(at, [await _find(at, start) for start in starts], force=force)


async def dead_list(at: Installation) -> Answer:
    """List the jobs that failed for good, newest first, and items of the queue's list that are no jobs."""
    dead = (await at.queue.ids_by_state())[State.FAILED]
    return await _listed(at, await at.queue.records(dead), none="No job is dead.")


async def dead_retry(at: Installation, *, starts: Sequence[str], everything: bool, force: bool) -> Answer:
    """Have dead jobs executed again, as new ones behind everybody who waits."""
    return await _requeued(at, await _chosen(at, starts, everything=everything), force=force)


async def dead_drop(at: Installation, *, starts: Sequence[str], everything: bool) -> Answer:
    """Forget dead jobs, with their photos."""
    deeds = []
    for record in await _chosen(at, starts, everything=everything):
        done = await at.queue.drop(record.id)
        if done and record.state is State.FAILED:
            await at.pictures.erase(record.id)
        deeds.append(Deed(record.id, "forgotten" if done else "is not among the dead any more", done=done))
    return of_deeds(deeds)


async def _listed(at: Installation, records: Sequence[Record], *, none: str) -> Answer:
    now = await at.queue.now()
    return Answer(table([_row(record, now) for record in records]) if records else none)


def _row(record: Record, now: float) -> dict[str, str]:
    return {
        "id": record.id,
        "state": _state(record),
        "user": str(record.user_id or ""),
        "age": duration(now - record.enqueued_at) if record.enqueued_at else "",
        "ended": f"{duration(now - record.finished_at)} ago" if record.finished_at else "",
        "attempt": f"{record.attempt}/{record.max_attempts}" if record.known else "",
        "step": record.at,
        "worker": record.worker or "",
        "reason": record.reason or "",
        "detail": (record.detail or "")[:60] if record.state is State.FAILED else "",
    }


def _state(record: Record) -> str:
    if not record.known:
        return STRANGER if record.raw is None else UNREADABLE
    return f"{record.state} (cancelling)" if record.cancelling else str(record.state)


async def _requeued(at: Installation, records: Iterable[Record], *, force: bool) -> Answer:
    return of_deeds([await _requeue(at, record, force=force) for record in records])


async def _requeue(at: Installation, record: Record, *, force: bool) -> Deed:
    """Put one job back in line, unless it would only fail again."""
    if not record.known:
        return Deed(record.id, _state(record), done=False)
    if record.state is State.FAILED and not force and not await at.pictures.holds(*record.pictures):
        said = "its pictures are no longer kept, so it would fail again; the user has to send them anew (--force tries)"
        return Deed(record.id, said, done=False)
    outcome, _before = await at.queue.requeue(record.id)
    return Deed(record.id, REQUEUED[outcome], done=outcome is Requeued.QUEUED)


async def _find(at: Installation, start: str) -> Record:
    hint = (
        "`qwenedit jobs list --all` shows those that wait, run or ended lately; a job is forgotten a day after its "
        "answer"
    )
    job_id = only_one(await at.queue.ids_like(start), start, hint=hint)
    [record] = await at.queue.records([job_id])
    return record


async def _chosen(at: Installation, starts: Sequence[str], *, everything: bool) -> list[Record]:
    dead = (await at.queue.ids_by_state())[State.FAILED]
    hint = "`qwenedit dead list` shows the dead"
    return await at.queue.records(dead if everything else [only_one(dead, start, hint=hint) for start in starts])
