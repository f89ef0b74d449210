# ruff: noqa: RUF001 - the bot understands Russian
from __future__ import annotations

import pytest

from qwenedit_bot.texts.meanings import is_chatter


@pytest.mark.parametrize(
    "said",
    [
        "haha",
        "hahahahaha 😂",
        "lol nice",
        "so cool!!",
        "sooo coooool",
        "wow, thank you so much",
        "ахахах",
        "Очень красиво!",
    ],
)
def test_chatter_is_praise_and_laughter_in_any_order(said: str) -> None:
    assert is_chatter(said)


@pytest.mark.parametrize(
    "said", ["", "😂", "make it snow", "more stars", "a cool hat", "сделай красиво", "thank you, now at night"]
)
def test_chatter_has_no_other_words(said: str) -> None:
    assert not is_chatter(said)
