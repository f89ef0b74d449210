"""`qwenedit aside …`: updates and answers that the bot could not work off, and that wait for an operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.commands.jobs import with_rest
from qwenedit_jobs.cli.output import Answer, CommandError, Deed, duration, of_deeds, table
from qwenedit_jobs.lanes import Lanes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.lanes import SetAside

HEADS = ("ID", "WHAT", "CHAT", "ASIDE", "WHY", "BYTES")


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as an operator may see it: its payload has a user's words."""

    id: str
    what: str
    """`update` or `answer`."""
    chat: str
    at: float
    why: str
    bytes: int


async def aside_list(redis: Redis, keys: Keys, *, now: float, limit: int) -> Answer:
    """List what was set aside, oldest first."""
    entries = await _entries(redis, keys)
    if not entries:
        return Answer([], "Nothing was set aside.")
    shown = [
        Shown(entry.id, "update" if lanes.prefix == keys.inbox else "answer", entry.lane, entry.at, entry.why, size)
        for lanes, entry in entries[:limit]
        for size in [len(entry.payload.encode())]
    ]
    rows = [(one.id, one.what, one.chat, f"{duration(now - one.at)} ago", one.why, str(one.bytes)) for one in shown]
    return Answer(shown, with_rest(table(HEADS, rows), len(entries) - limit))


async def aside_retry(redis: Redis, keys: Keys, ids: Sequence[str], *, everything: bool) -> Answer:
    """Have entries worked off again, each behind what waits in its chat."""
    chosen = await _chosen(redis, keys, ids, everything=everything)
    deeds = [(entry.id, await lanes.retry_set_aside(entry.id)) for lanes, entry in chosen]
    return of_deeds(
        [Deed(entry, "waiting", "waits in its chat again") if done else _gone(entry) for entry, done in deeds]
    )


async def aside_drop(redis: Redis, keys: Keys, ids: Sequence[str], *, everything: bool) -> Answer:
    """Forget entries."""
    chosen = await _chosen(redis, keys, ids, everything=everything)
    deeds = [(entry.id, await lanes.drop_set_aside(entry.id)) for lanes, entry in chosen]
    return of_deeds([Deed(entry, "dropped", "forgotten") if done else _gone(entry) for entry, done in deeds])


async def _entries(redis: Redis, keys: Keys) -> list[tuple[Lanes, SetAside]]:
    both = [Lanes(redis, prefix) for prefix in (keys.inbox, keys.answers)]
    return [(lanes, entry) for lanes in both for entry in await lanes.list_set_aside()]


async def _chosen(redis: Redis, keys: Keys, ids: Sequence[str], *, everything: bool) -> list[tuple[Lanes, SetAside]]:
    """Find the entries that are meant.

    Raises:
        CommandError: an id is none of them, or none was named.
    """
    if everything == bool(ids):
        raise CommandError("name the ids, which `qwenedit aside list` shows, or say --all")
    entries = await _entries(redis, keys)
    if unknown := set(ids) - {entry.id for _lanes, entry in entries}:
        raise CommandError(f"not among those set aside: {', '.join(sorted(unknown))}; `qwenedit aside list` shows them")
    return [each for each in entries if everything or each[1].id in ids]


def _gone(entry: str) -> Deed:
    return Deed(entry, "gone", "is not among those set aside any more", done=False)
