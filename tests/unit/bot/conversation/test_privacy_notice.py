"""How long things are kept, as users read it."""

from __future__ import annotations

import pytest

from qwenedit_bot.conversation.commands.privacy import period
from qwenedit_bot.texts import Words

DAY = 86_400


@pytest.mark.parametrize(
    ("seconds", "english", "russian"),
    [
        (600, "10 minutes", "10 минут"),
        (601, "11 minutes", "11 минут"),
        (3600, "1 hour", "1 час"),
        (5400, "90 minutes", "90 минут"),
        (DAY, "24 hours", "24 часа"),
        (2 * DAY, "2 days", "2 дня"),
        (36 * 3600, "36 hours", "36 часов"),
        (7 * DAY, "7 days", "7 дней"),
        (365 * DAY, "1 year", "1 год"),
        (3 * 365 * DAY, "3 years", "3 года"),
    ],
)
def test_time_is_told_in_the_largest_unit_that_says_it(seconds: int, english: str, russian: str) -> None:
    said = (period(Words("en"), seconds), period(Words("ru"), seconds))
    assert tuple(each.replace("\u00a0", " ") for each in said) == (english, russian)
