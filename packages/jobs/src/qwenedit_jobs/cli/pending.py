"""Answers that users don't have yet, and requests that are no jobs yet: since when, until when, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.installation import permitted
from qwenedit_jobs.cli.output import duration
from qwenedit_jobs.events import job_in

if TYPE_CHECKING:
    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.lanes import Stay

MOST_LOOKED_AT = 100
"""Answers among which the oldest one that its chat takes is looked for."""
CHAT = "chat"
"""What an answer waits for if its chat refuses the bot, such as a user's who blocked it: not a fault."""
MEANINGS = {
    "flood": "Telegram told the bot to wait (429)",
    "pace": "as fast as Telegram allows in this chat, or for this bot",
    "memory": "the bot's memory for pictures is taken",
    "conversion": "the bot's places for conversions are taken",
    "download": "the bot's places for downloads are taken",
    CHAT: "the chat refuses the bot: tried every hour, and when anything comes from there",
    "late_edit": "words are said once more, over late edits of the job's progress",
}
"""What an answer or a request is parked for, in words."""


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """An answer that is not in its chat yet. Times are seconds since the epoch, by Redis' clock."""

    job_id: str
    since: float | None
    """When the job ended."""
    stay: Stay

    def why(self, now: float) -> str:
        """Say what it waits for, and when it is tried again."""
        return _why(self.stay, now, "the bot is giving it now")


async def pending_requests(at: Installation, now: float) -> str:
    """Say how many requests are no jobs yet, and what the first waits for; empty if there is none."""
    found = await at.requests.waiting()
    if not found:
        return ""
    in_hand = "the bot fetches its photo. If that stays so, Telegram's file doesn't come: QweneditTelegramRejects"
    return f"{len(found)} not yet in line; the first: {_why(await at.requests.stay_of(found[0]), now, in_hand)}"


def _why(stay: Stay, now: float, in_hand: str) -> str:
    times = f"refused {stay.failures} times, " if stay.failures else ""
    if stay.in_hand:
        return f"{times}{in_hand}"
    if stay.until is None or stay.until <= now:
        return f"{times}due"
    what = MEANINGS.get(stay.why, stay.why)
    return f"{times}next try in {duration(stay.until - now)}{f': {what}' if what else ''}"


async def pending_answer(at: Installation, job_id: str | None = None) -> PendingAnswer | None:
    """Find the answer to a job, or the oldest one that no chat refuses; None if there is none, or none may be seen."""
    found = [(entry, job_in(entry.payload)) for entry in await permitted(at.answers.waiting()) or ()]
    for entry, job in [(entry, job) for entry, job in found if job and job_id in {None, job}][:MOST_LOOKED_AT]:
        stay = await at.answers.stay_of(entry)
        if job and (job_id or stay.why != CHAT):
            return PendingAnswer(job, entry.since, stay)
    return None
