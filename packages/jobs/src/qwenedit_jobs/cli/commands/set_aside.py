"""`qwenedit aside …`: updates and answers that the bot could not work off, and that wait for an operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

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
    """An entry as an operator may see it: a payload has a user's words."""

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
    shown = [_shown(what, entry) for what, _lanes, entry in entries[:limit]]
    text = table(HEADS, [_row(each, now) for each in shown])
    if len(entries) > limit:
        text += f"\n… and {len(entries) - limit} more: --limit shows them."
    return Answer(shown, text)


async def aside_retry(redis: Redis, keys: Keys, ids: Sequence[str], *, everything: bool) -> Answer:
    """Have entries worked off again, each behind what waits in its chat."""
    deeds = []
    for _what, lanes, entry in await _chosen(redis, keys, ids, everything=everything):
        done = await lanes.retry_set_aside(entry.id)
        deeds.append(_deed(entry.id, "waiting", "waits in its chat again", done=done))
    return of_deeds(deeds)


async def aside_drop(redis: Redis, keys: Keys, ids: Sequence[str], *, everything: bool) -> Answer:
    """Forget entries."""
    deeds = []
    for _what, lanes, entry in await _chosen(redis, keys, ids, everything=everything):
        done = await lanes.drop_set_aside(entry.id)
        deeds.append(_deed(entry.id, "dropped", "forgotten", done=done))
    return of_deeds(deeds)


async def _entries(redis: Redis, keys: Keys) -> list[tuple[str, Lanes, SetAside]]:
    found = []
    for what, prefix in (("update", keys.inbox), ("answer", keys.answers)):
        lanes = Lanes(redis, prefix)
        found += [(what, lanes, entry) for entry in await lanes.list_set_aside()]
    return found


async def _chosen(
    redis: Redis, keys: Keys, ids: Sequence[str], *, everything: bool
) -> list[tuple[str, Lanes, SetAside]]:
    """Find the entries that are meant.

    Raises:
        CommandError: an id is none of them, or nothing was named.
    """
    if everything == bool(ids):
        raise CommandError("name the ids, which `qwenedit aside list` shows, or say --all")
    entries = await _entries(redis, keys)
    if everything:
        return entries
    unknown = set(ids) - {entry.id for _what, _lanes, entry in entries}
    if unknown:
        raise CommandError(f"not among those set aside: {', '.join(sorted(unknown))}; `qwenedit aside list` shows them")
    return [each for each in entries if each[2].id in ids]


def _deed(entry: str, outcome: str, said: str, *, done: bool) -> Deed:
    return (
        Deed(entry, outcome, said) if done else Deed(entry, "gone", "is not among those set aside any more", done=False)
    )


def _shown(what: str, entry: SetAside) -> Shown:
    return Shown(entry.id, what, entry.lane, entry.at, entry.why, len(entry.payload.encode()))


def _row(shown: Shown, now: float) -> tuple[str, ...]:
    return shown.id, shown.what, shown.chat, f"{duration(now - shown.at)} ago", shown.why, str(shown.bytes)
