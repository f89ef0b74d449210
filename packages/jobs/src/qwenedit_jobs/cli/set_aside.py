"""`qwenedit aside …`: updates and answers that the bot could not work off, and that wait for an operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.installation import only_one
from qwenedit_jobs.cli.jobs import with_rest
from qwenedit_jobs.cli.output import Answer, Deed, fields, of_deeds, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.lanes import Lanes, SetAside


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as an operator may see it: its payload has a user's words."""

    id: str
    what: str
    """`update` or `answer`."""
    chat: str
    set_aside_at: float
    why: str
    bytes: int


async def aside_list(at: Installation, *, limit: int) -> Answer:
    """List entries, oldest first."""
    entries = await _entries(at)
    if not entries:
        return Answer([], "Nothing was set aside.")
    now = await at.queue.now()
    shown = [
        Shown(
            id=entry.id,
            what="update" if lanes.prefix == at.keys.inbox else "answer",
            chat=entry.lane,
            set_aside_at=entry.at,
            why=entry.why,
            bytes=len(entry.payload.encode()),
        )
        for lanes, entry in entries[:limit]
    ]
    text = table([fields(one, now=now) for one in shown])
    return Answer(shown, with_rest(text, len(entries) - limit))


async def aside_retry(at: Installation, *, starts: Sequence[str], everything: bool) -> Answer:
    """Have entries worked off again, each behind what waits in its chat."""
    chosen = await _chosen(at, starts, everything=everything)
    said = "waits in its chat again"
    return of_deeds(
        [_deed(entry.id, "waiting", said, await lanes.retry_set_aside(entry.id)) for lanes, entry in chosen]
    )


async def aside_drop(at: Installation, *, starts: Sequence[str], everything: bool) -> Answer:
    """Forget entries."""
    chosen = await _chosen(at, starts, everything=everything)
    return of_deeds(
        [_deed(entry.id, "dropped", "forgotten", await lanes.drop_set_aside(entry.id)) for lanes, entry in chosen]
    )


def _deed(entry: str, outcome: str, said: str, done: bool) -> Deed:  # noqa: FBT001 - private
    return Deed(entry, outcome, said) if done else Deed(entry, "gone", "is no longer set aside", done=False)


async def _entries(at: Installation) -> list[tuple[Lanes, SetAside]]:
    return [(lanes, entry) for lanes in (at.updates, at.answers) for entry in await lanes.list_set_aside()]


async def _chosen(at: Installation, starts: Sequence[str], *, everything: bool) -> list[tuple[Lanes, SetAside]]:
    entries = await _entries(at)
    known = [entry.id for _lanes, entry in entries]
    hint = "`qwenedit aside list` shows what was set aside"
    ids = {only_one(known, start, hint=hint) for start in starts}
    return [each for each in entries if everything or each[1].id in ids]
