from __future__ import annotations

import pytest

from qwenedit_bot.conversation.reading import wish_in

SIGNS = ["", "...", "👍", "!?", "\u2060\u200b\u00ad", "\ufeff.", "/start", "/edit", "/edit ...", "/presets now"]


@pytest.mark.parametrize("said", SIGNS)
def test_wish_is_not_in_signs_commands_and_invisible_characters(said: str) -> None:
    assert wish_in(said) == ""


@pytest.mark.parametrize(
    ("said", "wish"),
    [
        ("\u200b make it snow\u2060\n", "make it snow"),
        ("пусть идёт снег ❄️", "пусть идёт снег ❄️"),
        ("/edit@qwenedit_bot make it snow", "make it snow"),
        ("a\u200cb", "a\u200cb"),
    ],
)
def test_wish_is_what_is_written_without_what_nobody_sees(said: str, wish: str) -> None:
    assert wish_in(said) == wish
