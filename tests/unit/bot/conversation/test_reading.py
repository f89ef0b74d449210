from __future__ import annotations

import pytest

from qwenedit_bot.conversation.reading import LONGEST, wish_in


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        (" make it snow\u200b\n", "make it snow"),
        ("/edit@QwenEdit_bot\nmake it snow", "make it snow"),
        ("/edit", ""),
        ("/start make it snow", ""),
        ("👨\u200d👩", "👨\u200d👩"),
    ],
)
def test_wish_is_the_text_behind_the_command_without_invisible_ends(text: str, wish: str) -> None:
    assert wish_in(text) == wish


def test_wish_of_a_text_full_of_commands_is_cut_to_its_bound_and_has_one_stripped() -> None:
    """A text is cut before anything looks at it, and read once, however many commands it has."""
    text = "/edit " * 819
    assert wish_in(text) == text[:LONGEST].removeprefix("/edit ").strip()
