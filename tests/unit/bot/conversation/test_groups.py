from __future__ import annotations

import pytest

from qwenedit_bot.conversation.groups import called_to_edit


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("/edit make it snow", "make it snow"),
        ("/edit@QwenEdit_bot make it snow", "make it snow"),
        ("/EDIT\nmake it snow", "make it snow"),
        ("/edit", ""),
        ("@qwenedit_bot make it snow", "make it snow"),
        ("@qwenedit_bot, make it snow", "make it snow"),
        ("please @Qwenedit_Bot make it snow", "please make it snow"),
        ("@qwenedit_bot", ""),
    ],
)
def test_command_or_the_name_calls_the_bot(text: str, wish: str) -> None:
    assert called_to_edit(text, "qwenedit_bot") == wish


@pytest.mark.parametrize(
    "text",
    [
        "make it snow",
        "",
        "/edit@other_bot make it snow",
        "/editor",
        "/help",
        "@qwenedit_bot2 make it snow",
        "me@qwenedit_bot",
        "tell /edit about it",
    ],
)
def test_everything_else_is_for_somebody_else(text: str) -> None:
    assert called_to_edit(text, "qwenedit_bot") is None
