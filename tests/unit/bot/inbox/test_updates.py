from __future__ import annotations

import pytest

from qwenedit_bot.inbox.inbox import decoded


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("make it snow", "make it snow"),
        (r"snow ❄️ and \ud83d\udc08, \uD83D\uDC08", "snow ❄️ and 🐈, 🐈"),
        (r"half a cat: \ud83d, \uD83D", "half a cat: ?, ?"),
        (r"\udc08 is the other half", "? is the other half"),
        (r"a backslash: \\ud83d", r"a backslash: \ud83d"),
    ],
)
def test_halves_of_characters_are_none(written: str, text: str) -> None:
    read = decoded(f'{{"text": "{written}"}}')
    assert read == {"text": text}
    assert read["text"].encode().decode() == text
