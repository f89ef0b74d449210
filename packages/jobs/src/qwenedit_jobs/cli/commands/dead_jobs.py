"""`qwenedit dead …`: jobs that failed for good, and unreadable items that others put into the queue's list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_jobs.cli.commands import jobs
from qwenedit_jobs.cli.output import Answer, CommandError, Deed, duration, of_deeds, one_line, table
from qwenedit_jobs.model import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_jobs.pictures.store import PictureStore
    from qwenedit_jobs.queue.job_records import Record
    from qwenedit_jobs.queue.operator_queue import OperatorQueue

HEADS = ("ID", "FAILED", "USER", "ATTEMPTS", "REASON", "DETAIL")
SHOWN_DETAIL = 60
"""Characters of an error's text in the list; `jobs show` has all of it."""
STRANGER = "no job: somebody else's item from the queue's list"


async def dead_list(queue: OperatorQueue, *, limit: int) -> Answer:
    """List the dead, newest first."""
    ids = (await queue.ids_by_state())[State.FAILED]
    if not ids:
        return Answer([], "No job is dead.")
    records = await queue.records(ids[:limit])
    now = await queue.now()
    text = table(HEADS, [_row(record, now) for record in records])
    return Answer(records, jobs.with_rest(text, len(ids) - limit))


async def dead_retry(
    queue: OperatorQueue, pictures: PictureStore, starts: Sequence[str], *, everything: bool, force: bool
) -> Answer:
    """Have dead jobs executed again, as new ones behind everybody who waits."""
    stranger = f"{STRANGER}; `qwenedit dead drop` removes it"
    return of_deeds(
        [
            await jobs.requeue(queue, pictures, record, force=force)
            if record.known
            else Deed(record.id, "stranger", stranger, done=False)
            for record in await _chosen(queue, starts, everything=everything)
        ]
    )


async def dead_drop(queue: OperatorQueue, starts: Sequence[str], *, everything: bool) -> Answer:
    """Forget dead jobs."""
    return of_deeds(
        [
            Deed(record.id, "dropped", "forgotten")
            if await queue.drop(record.id)
            else Deed(record.id, "gone", "is not among the dead any more", done=False)
            for record in await _chosen(queue, starts, everything=everything)
        ]
    )


async def _chosen(queue: OperatorQueue, starts: Sequence[str], *, everything: bool) -> list[Record]:
    """Find the dead that are meant.

    Raises:
        CommandError: an id's beginning fits none of them, or more than one; or none was named.
    """
    if everything == bool(starts):
        raise CommandError("name the ids, which `qwenedit dead list` shows, or say --all")
    dead = (await queue.ids_by_state())[State.FAILED]
    ids = []
    for start in starts:
        found = [start] if start in dead else [job_id for job_id in dead if job_id.startswith(start)]
        if len(found) != 1:
            raise CommandError(f"{len(found)} of the dead begin with {start}: `qwenedit dead list` shows them")
        ids += found
    return await queue.records(dead if everything else ids)


def _row(record: Record, now: float) -> tuple[str, ...]:
    detail = record.detail or ""
    if not record.known:
        detail = STRANGER if record.raw is None else jobs.UNREADABLE
    return (
        record.id,
        f"{duration(now - record.died_at)} ago" if record.died_at else "",
        jobs.user_of(record),
        str(record.attempt) if record.known else "",
        record.reason or "",
        one_line(detail, most=SHOWN_DETAIL),
    )
