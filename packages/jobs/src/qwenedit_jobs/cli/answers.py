"""Answers that users don't have yet: since when, until when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError

from qwenedit_jobs.cli.output import duration
from qwenedit_jobs.events import job_in
from qwenedit_jobs.lanes import Lanes

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.lanes import Stay

MOST_LOOKED_AT = 100
"""Answers of which one is looked for that waits for more than its chat."""
CHAT = "chat"
"""What an answer waits for if its chat refuses the bot, such as of a user who blocked it: nobody's trouble."""
MEANINGS = {
    "flood": "Telegram told the bot to wait (429)",
    "pace": "as fast as Telegram allows in this chat, or for this bot",
    "memory": "the bot's memory for pictures is taken",
    "conversion": "the bot's places for conversions are taken",
    CHAT: "the chat refuses the bot: tried every hour, and when anything comes from there",
    "late_edit": "words are said once more, over late edits of the job's progress",
}
"""What an answer is parked for, in words."""


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """An answer that is not in its chat yet. Times are seconds since the epoch, by Redis' clock."""

    job_id: str
    since: float | None
    """When the job ended."""
    stay: Stay

    def why(self, now: float) -> str:
        """Say what it waits for, and when it is tried again."""
        stay = self.stay
        times = f"refused {stay.failures} times, " if stay.failures else ""
        if stay.in_hand:
            return f"{times}the bot is giving it now"
        if stay.until is None or stay.until <= now:
            return f"{times}due"
        what = MEANINGS.get(stay.why, stay.why)
        return f"{times}next try in {duration(stay.until - now)}{f': {what}' if what else ''}"


async def pending_answer(redis: Redis, keys: Keys, job_id: str | None = None) -> PendingAnswer | None:
    """Find the answer to a job, or the oldest one that no chat refuses; None if there is none, or none may be seen."""
    lanes = Lanes(redis, keys.answers)
    try:
        found = [(entry, job_in(entry.payload)) for entry in await lanes.waiting()]
        for entry, job in [(entry, job) for entry, job in found if job and job_id in {None, job}][:MOST_LOOKED_AT]:
            stay = await lanes.stay_of(entry)
            if job and (job_id or stay.why != CHAT):
                return PendingAnswer(job, entry.since, stay)
    except NoPermissionError:  # a worker's user
        return None
    return None
