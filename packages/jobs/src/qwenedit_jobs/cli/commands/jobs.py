"""`qwenedit jobs …`: the jobs that are under way, and each one that is remembered."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.answers import pending_answer
from qwenedit_jobs.cli.output import Answer, CommandError, Deed, duration, lines, moment, of_deeds, pairs, table
from qwenedit_jobs.model import Cancelled, State
from qwenedit_jobs.queue.operator_queue import Requeued

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.cli.answers import PendingAnswer
    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.pictures.store import PictureStore
    from qwenedit_jobs.queue.job_records import Record
    from qwenedit_jobs.queue.operator_queue import OperatorQueue

UNDER_WAY = (State.QUEUED, State.RUNNING, State.DELAYED)

LATELY = "some 1,000"
"""How many ended jobs a list knows."""
HEADS = ("ID", "STATE", "USER", "AGE", "ENDED", "ATTEMPT", "STEP", "WORKER", "REASON")
UNREADABLE = "not readable by this version"
ANSWERS: dict[str | None, str] = {
    "unreachable": "not seen; the bot may not write in the chat, and does so when that changes",
    "forbidden": "in words; pictures are not allowed in the chat",
    "withheld": "in words; moderation withheld the picture",
    "nobody": "by nobody, for nobody asked",
    "failed": "in words",
    "cancelled": "in words",
}
"""What users got, where the word for it does not say it."""
MOST_NAMED = 5
"""Ids that a complaint names."""


async def jobs_list(queue: OperatorQueue, *, states: Sequence[State], user: int | None, limit: int) -> Answer:
    """List jobs, those in line in their order.

    Args:
        queue: The queue.
        states: Of which to list; of jobs that have ended the last ones, the newest first.
        user: If given, only this user's.
        limit: How many to show.
    """
    places = await queue.ids_by_state()
    ids = [job_id for state in states for job_id in places.get(state, ())]
    if any(state.final for state in states):
        ids += await queue.ended_ids()
    records = await queue.records(dict.fromkeys(ids))
    found = [
        record
        for record in records
        if (record.raw or record.state in states) and (user is None or record.user_id == user)
    ]
    shown = found[:limit]
    if not found:
        whose, ended = f" of user {user}" if user is not None else "", any(state.final for state in states)
        hint = f"of those that ended, {LATELY} are known" if ended else "--all shows those that ended, too"
        return Answer([], f"None: no job{whose} is {' or '.join(states)}; {hint}.")
    now = await queue.now()
    text = table(HEADS, [_row(record, now) for record in shown])
    return Answer(shown, with_rest(text, len(found) - limit))


def with_rest(text: str, more: int) -> str:
    """Say below a list how many are not shown."""
    return f"{text}\n… and {more} more: --limit shows them." if more > 0 else text


async def jobs_show(redis: Redis, keys: Keys, queue: OperatorQueue, start: str) -> Answer:
    """Tell all that is known of one job, but for its prompt and its pictures."""
    record = await find(queue, start)
    owed = record.state is not None and record.state.final and record.answered_at is None
    pending = await pending_answer(redis, keys, record.id) if owed else None
    now = await queue.now()
    return Answer({**asdict(record), "pending_answer": pending}, _details(record, pending, now=now))


async def jobs_cancel(queue: OperatorQueue, starts: Sequence[str]) -> Answer:
    """Cancel jobs; their users are told as if they had done it themselves."""
    return of_deeds([await _cancel(queue, await find(queue, start)) for start in starts])


async def jobs_requeue(queue: OperatorQueue, pictures: PictureStore, starts: Sequence[str], *, force: bool) -> Answer:
    """Put jobs back in line.

    Args:
        queue: The queue.
        pictures: Has their pictures.
        starts: Ids, or their beginnings.
        force: Also those whose pictures are gone.
    """
    return of_deeds([await requeue(queue, pictures, await find(queue, start), force=force) for start in starts])


async def requeue(queue: OperatorQueue, pictures: PictureStore, record: Record, *, force: bool) -> Deed:
    """Put one job back in line, unless it would only fail again."""
    if record.state is State.FAILED and not force and not await pictures.holds(*record.pictures):
        said = "its pictures are no longer kept, so it would fail again; the user has to send them anew (--force tries)"
        return Deed(record.id, "pictures_gone", said, done=False)
    outcome, before = await queue.requeue(record.id)
    match outcome:
        case Requeued.QUEUED:
            said = {
                State.RUNNING: "taken from its worker and first in line; the attempt does not count",
                State.DELAYED: "first in line, without its pause",
                State.FAILED: "in line behind the others, with all its attempts",
            }.get(before or State.QUEUED, "was in line and stays there")
            return Deed(record.id, outcome, said)
        case Requeued.CANCELLED:
            said = "cancelled: its user wishes it no more"
        case Requeued.DONE:
            said = "done already: its user has the picture, or gets it now"
        case Requeued.UNKNOWN:
            said = "no longer remembered"
    return Deed(record.id, outcome, said, done=False)


async def find(queue: OperatorQueue, start: str) -> Record:
    """Find the one job whose id begins so.

    Raises:
        CommandError: there is none, or more than one.
    """
    ids = sorted(set(await queue.ids_like(start)))
    if not ids:
        raise CommandError(
            f"no job begins with {start}: `qwenedit jobs list` and `qwenedit dead list` show those that wait, run or "
            "failed; others are remembered for a day after their answer"
        )
    if len(ids) > 1:
        named = ", ".join(ids[:MOST_NAMED]) + (" …" if len(ids) > MOST_NAMED else "")
        raise CommandError(f"{len(ids)} jobs begin with {start}: {named}. Say more of the id")
    [record] = await queue.records(ids)
    return record


async def _cancel(queue: OperatorQueue, record: Record) -> Deed:
    outcome = await queue.cancel(record.id)
    match outcome:
        case Cancelled.CANCELLED:
            return Deed(record.id, outcome, "cancelled")
        case Cancelled.CANCELLING:
            return Deed(record.id, outcome, f"{record.worker or 'its worker'} is told to stop")
        case Cancelled.DONE:
            said = "done already: its user has the picture, or gets it now"
        case Cancelled.FAILED:
            said = "failed already; `qwenedit dead drop` takes it from the dead"
        case Cancelled.UNKNOWN:
            said = "no longer remembered"
    return Deed(record.id, outcome, said, done=False)


def _row(record: Record, now: float) -> tuple[str, ...]:
    if not record.known:
        return (record.id, UNREADABLE, *[""] * (len(HEADS) - 2))
    return (
        record.id,
        f"{record.state} (cancelling)" if record.cancelling else str(record.state),
        user_of(record),
        duration(now - record.enqueued_at) if record.enqueued_at else "",
        f"{duration(now - record.finished_at)} ago" if record.finished_at else "",
        f"{record.attempt}/{record.max_attempts}",
        record.at,
        record.worker or "",
        record.reason or "",
    )


def user_of(record: Record) -> str:
    """Tell whose job it is."""
    return "selftest" if record.user_id == 0 else str(record.user_id or "")


def _details(record: Record, pending: PendingAnswer | None, *, now: float) -> str:
    if record.raw is not None:
        rows = [("id", record.id), ("state", f"{UNREADABLE}; what Redis holds is"), *sorted(record.raw.items())]
        return pairs(rows)
    if not record.known:
        return lines([f"{record.id}: an item that somebody else put into the queue's list; there is no job behind it"])
    return pairs(
        [
            ("id", record.id),
            ("state", f"{record.state}{', cancelling' if record.cancelling else ''}"),
            ("user", user_of(record)),
            ("attempt", f"{record.attempt} of {record.max_attempts}"),
            ("requeued", f"{record.requeued} times" if record.requeued else ""),
            ("worker", record.worker or ""),
            ("step", record.at),
            ("reason", record.reason or ""),
            ("detail", record.detail or ""),
            ("workflow", record.workflow or "the worker's default"),
            ("seed", str(record.seed) if record.seed is not None else ""),
            ("pictures", str(len(record.pictures))),
            ("accepted", moment(record.enqueued_at, now=now)),
            ("begun", moment(record.started_at, now=now)),
            ("lease ends", moment(record.lease_ends_at, now=now)),
            ("next attempt", moment(record.due_at, now=now)),
            ("ended", moment(record.finished_at, now=now)),
            ("answered", _answered(record, pending, now=now)),
            ("dead", moment(record.died_at, now=now)),
            ("trace", record.trace_id or ""),
        ]
    )


def _answered(record: Record, pending: PendingAnswer | None, *, now: float) -> str:
    if record.answered_at is not None:
        got = f": {ANSWERS.get(record.answer, record.answer)}" if record.answer else ""
        return f"{moment(record.answered_at, now=now)}{got}"
    if record.state is None or not record.state.final:
        return ""
    return f"not yet; {pending.why(now)}" if pending else "not yet, and no answer is on its way"
