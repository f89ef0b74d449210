"""Answers that users do not have yet: since when, until when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError

from qwenedit_jobs.cli.tables import duration
from qwenedit_jobs.events import job_in
from qwenedit_jobs.lanes import Lanes

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

LATE = 10.0
"""Seconds after which an answer that is due should be in hand."""
MEANINGS = {
    "flood": "Telegram told the bot to wait (429)",
    "pace": "as fast as Telegram allows in this chat, or for this bot",
    "memory": "the bot's memory for pictures is taken",
    "conversion": "the bot's places for conversions are taken",
    "chat": "the chat refuses the bot: tried every hour, and when anything comes from there",
    "late_edit": "words are said once more, over late edits of the job's progress",
}
"""What an answer is parked for, in words."""


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """An answer that is not in its chat yet. Times are seconds since the epoch, by Redis' clock."""

    job_id: str
    since: float | None
    """When the job ended."""
    until: float | None
    """When it is tried again; None while it is in hand, or nobody has looked at it."""
    in_hand: bool
    """Whether the bot is at work in its chat."""
    failures: int
    """How often Telegram, or the store of pictures, did not take it."""
    why: str
    """What it waits for; empty where it waits for nothing but the bot."""


async def pending_answer(redis: Redis, keys: Keys, job_id: str | None = None) -> PendingAnswer | None:
    """Find the answer to a job, or the oldest one; None where there is none, or this user may not look."""
    lanes = Lanes(redis, keys.answers)
    try:
        for entry in await lanes.waiting():
            found = job_in(entry.payload)
            if found and job_id in {None, found}:
                stay = await lanes.stay_of(entry)
                why = MEANINGS.get(stay.why, stay.why)
                return PendingAnswer(found, entry.since, stay.until, stay.in_hand, stay.failures, why)
    except NoPermissionError:  # a worker's user
        return None
    return None


async def in_lanes(redis: Redis, keys: Keys) -> tuple[int, int]:
    """Return how many answers are to be given, and how many entries of all lanes were set aside.

    A worker's user may see neither lane: then only answers are told that no bot has taken up, and 0.
    """
    fresh = int(await redis.xlen(keys.events))
    try:
        answers, updates = await Lanes(redis, keys.answers).occupancy(), await Lanes(redis, keys.inbox).occupancy()
    except NoPermissionError:
        return fresh, 0
    return fresh + answers.waiting, answers.set_aside + updates.set_aside


def why_pending(pending: PendingAnswer, *, now: float) -> str:
    """Say why an answer is not in its chat yet, and when it is tried again."""
    times = f"refused {pending.failures} times, " if pending.failures else ""
    if pending.in_hand:
        return f"{times}the bot is giving it now"
    if pending.until is None or pending.until <= now:
        return f"{times}due; does a bot run?" if pending.until is None or now - pending.until > LATE else f"{times}due"
    return f"{times}next try in {duration(pending.until - now)}{f': {pending.why}' if pending.why else ''}"
