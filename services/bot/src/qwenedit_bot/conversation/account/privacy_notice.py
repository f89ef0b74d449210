"""`/privacy`: what the bot keeps of users and for how long, with the periods of the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import View
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.common.retention import PersonalData
    from qwenedit_bot.texts import Words

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86_400, 365 * 86_400


@dataclass(frozen=True, slots=True)
class Retention:
    """What this installation keeps of users."""

    personal_data: tuple[PersonalData, ...]
    """As each feature declares it."""
    counted: bool = False
    """Users have a number of jobs a day."""
    checked: bool = False
    """A moderation hook sees photos, instructions and results."""
    selling: bool = False
    """Users may buy more jobs."""


def notice(words: Words, retention: Retention) -> View:
    """Say all that is kept."""
    times = {
        data.told: period(words, data.seconds)
        for data in retention.personal_data
        if data.told and data.seconds is not None
    }
    also = (
        (Text.PRIVACY_COUNTED, retention.counted),
        (Text.PRIVACY_CHECKED, retention.checked),
        (Text.PRIVACY_PAID, retention.selling),
    )
    more = [words(text, **times) for text, holds in also if holds]
    return View("\n".join([words(Text.PRIVACY, **times), *more, "", words(Text.PRIVACY_PROMISE)]))


def what_stays(words: Words, retention: Retention) -> str:
    """Say what is kept of a user who wants to be forgotten; empty for nothing."""
    also = ((Text.FORGET_COUNTED, retention.counted), (Text.FORGET_PAID, retention.selling))
    return " ".join(words(text) for text, holds in also if holds)


def period(words: Words, seconds: int) -> str:
    """Tell a time in the largest unit that says it exactly, but a day in hours; part of a minute is a whole one."""
    minutes = -(-seconds // MINUTE)
    if minutes * MINUTE % YEAR == 0:
        return words(Text.PERIOD, unit="years", count=minutes * MINUTE // YEAR)
    if minutes * MINUTE % DAY == 0 and minutes * MINUTE > DAY:
        return words(Text.PERIOD, unit="days", count=minutes * MINUTE // DAY)
    if minutes * MINUTE % HOUR == 0:
        return words(Text.PERIOD, unit="hours", count=minutes * MINUTE // HOUR)
    return words(Text.PERIOD, unit="minutes", count=minutes)
