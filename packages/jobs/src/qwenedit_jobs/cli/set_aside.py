"""`qwenedit aside …`: updates, answers and requests that the bot couldn't handle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_jobs.cli.installation import only_one
from qwenedit_jobs.cli.output import Answer, Deed, moment, of_deeds, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.lanes import Lanes, SetAside


async def aside_list(at: Installation) -> Answer:
    """List entries, oldest first. Their payloads have users' words and aren't shown."""
    entries = await _entries(at)
    if not entries:
        return Answer("Nothing was set aside.")
    now = await at.queue.now()
    what = {at.keys.inbox: "update", at.keys.answers: "answer", at.keys.backlog: "request"}
    return Answer(
        table(
            [
                {
                    "id": entry.id,
                    "what": what[lanes.prefix],
                    "chat": entry.lane,
                    "set aside": moment(entry.at, now=now),
                    "why": entry.why,
                    "bytes": str(len(entry.payload.encode())),
                }
                for lanes, entry in entries
            ]
        )
    )


async def aside_retry(at: Installation, *, starts: Sequence[str], everything: bool) -> Answer:
    """Retry entries, each behind what waits in its chat."""
    chosen = await _chosen(at, starts, everything=everything)
    return of_deeds(
        [_deed(entry.id, "waits in its chat again", await lanes.retry_set_aside(entry.id)) for lanes, entry in chosen]
    )


async def aside_drop(at: Installation, *, starts: Sequence[str], everything: bool) -> Answer:
    """Forget entries."""
    chosen = await _chosen(at, starts, everything=everything)
    return of_deeds([_deed(entry.id, "forgotten", await lanes.drop_set_aside(entry.id)) for lanes, entry in chosen])


def _deed(entry: str, outcome: str, done: bool) -> Deed:  # noqa: FBT001 - private
    return Deed(entry, outcome if done else "is no longer set aside", done=done)


async def _entries(at: Installation) -> list[tuple[Lanes, SetAside]]:
    every = (at.updates, at.answers, at.requests)
    return [(lanes, entry) for lanes in every for entry in await lanes.list_set_aside()]


async def _chosen(at: Installation, starts: Sequence[str], *, everything: bool) -> list[tuple[Lanes, SetAside]]:
    entries = await _entries(at)
    ids_set_aside = [entry.id for _lanes, entry in entries]
    hint = "`qwenedit aside list` shows what was set aside"
    ids = {only_one(ids_set_aside, start, hint=hint) for start in starts}
    return [each for each in entries if everything or each[1].id in ids]
