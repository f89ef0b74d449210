"""What a user may still ask for, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.payments.quotas import Quota
    from qwenedit_bot.texts import Words


def used_up(words: Words, quota: Quota, *, shared: bool, for_sale: bool) -> str:
    """Say that nothing is left today; in a group, where others read it, not how many that were."""
    if shared:
        return words(Text.DAILY_LIMIT_IN_GROUP)
    said = words(Text.DAILY_LIMIT, count=quota.per_day, time=remaining(words, quota.resets_in))
    return f"{said}\n\n{words(Text.BUY_HINT)}" if for_sale else said


def left(words: Words, quota: Quota) -> str:
    """Say how much is left today."""
    said = words(Text.LEFT_TODAY, count=quota.today, time=remaining(words, quota.resets_in))
    return f"{said}\n{words(Text.LEFT_BOUGHT, count=quota.bought)}" if quota.bought else said


def remaining(words: Words, seconds: float) -> str:
    """Tell a duration of up to a day, in hours and minutes."""
    minutes = max(1, round(seconds / 60))
    return words(Text.DURATION, hours=minutes // 60, minutes=minutes % 60)
