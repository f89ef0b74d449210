"""Pending updates, requests and answers: for how long, until when, and why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.installation import permitted
from qwenedit_jobs.cli.output import duration
from qwenedit_jobs.events import job_in

if TYPE_CHECKING:
    from qwenedit_jobs.cli.installation import Installation
    from qwenedit_jobs.lanes import Stay

CHAT = "chat"
"""Why an answer waits if its chat refuses the bot, such as after a user blocked it: not a fault."""
FETCHES = "the bot handles it. If that takes long, Telegram's file, or the moderation hook's answer, doesn't come"
MEANINGS = {
    "flood": "Telegram told the bot to wait (429)",
    "pace": "as fast as Telegram allows in this chat, or for this bot",
    "memory": "the bot's memory for pictures is taken",
    "conversion": "the bot's conversion slots are taken",
    "download": "the bot's download slots are taken",
    CHAT: "the chat refuses the bot: retried every hour, and when the chat sends anything",
    "late_edit": "the text is sent once more, in case late progress has overwritten it",
}
"""Descriptions of why an answer or a request is parked."""


@dataclass(frozen=True, slots=True)
class PendingAnswer:
    """An undelivered answer. Times are seconds since the epoch, by Redis' clock."""

    job_id: str
    since: float | None
    """When the job ended."""
    stay: Stay

    def why(self, now: float) -> str:
        """Describe what it waits for and when it's retried."""
        return _why(self.stay, now, "the bot is giving it now")


async def pending_updates(at: Installation, now: float) -> str:
    """Describe unhandled updates and what the oldest waits for; empty if there are none."""
    dated = [(_sent(each.payload, now), each) for each in await at.updates.waiting()]
    if not dated:
        return ""
    since, first = min(dated, key=lambda each: each[0])
    why = _why(await at.updates.stay_of(first), now, FETCHES)
    return f"{len(dated)} not yet handled, the oldest for {duration(now - since)}: {why}"


def _sent(update: str, now: float) -> float:
    """Return when a message was sent; now if it has no date."""
    dates = [float(each) for each in re.findall(r'"date": ?([0-9]{9,10})\b', update)]
    return min(now, max(dates, default=now))  # an older one is of a message that it replies to


async def pending_requests(at: Installation, now: float) -> str:
    """Describe the requests that aren't jobs yet; empty if there are none."""
    found = await at.requests.waiting()
    if not found:
        return ""
    stays = [await at.requests.stay_of(each) for each in found[:100]]
    first = max(stays, key=lambda stay: stay.failures)
    return f"{len(found)} not yet in line; the first: {_why(first, now, FETCHES)}"


def _why(stay: Stay, now: float, in_hand: str) -> str:
    times = f"refused {stay.failures} times, " if stay.failures else ""
    if stay.in_hand:
        return f"{times}{in_hand}"
    if stay.until is None or stay.until <= now:
        return f"{times}due"
    what = MEANINGS.get(stay.why, stay.why)
    return f"{times}next try in {duration(stay.until - now)}{f': {what}' if what else ''}"


async def pending_answer(at: Installation, job_id: str | None = None) -> PendingAnswer | None:
    """Find a job's answer, or the oldest that its chat doesn't refuse; None if there's none or no permission."""
    found = [(entry, job_in(entry.payload)) for entry in await permitted(at.answers.waiting()) or ()]
    for entry, job in [(entry, job) for entry, job in found if job and job_id in {None, job}][:100]:
        stay = await at.answers.stay_of(entry)
        if job and (job_id or stay.why != CHAT):
            return PendingAnswer(job, entry.since, stay)
    return None
