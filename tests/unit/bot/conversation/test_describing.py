from __future__ import annotations

import pytest

from qwenedit_bot.conversation.photos.describing import only_describes
from qwenedit_bot.presets import catalogue as presets
from qwenedit_bot.texts import Texts

SHIPPED = presets.read(presets.shipped())


@pytest.mark.parametrize(
    ("caption", "describes"),
    [
        ("This is me!", True), ("it's me", True), ("my jacket", True), ("Вот я", True), ("моя мама", True),
        ("👗", True), ("1", True), ("the garment", True), ("paint it blue", False), ("me as a pirate", False),
        ("me in blue", False), ("сделай меня рыжей", False), ("this is Anna", False),
    ],
)  # fmt: skip
def test_caption_describes_where_each_of_its_words_only_names_what_is_shown(caption: str, describes: bool) -> None:
    preset = SHIPPED.preset("try-on")
    assert preset is not None
    assert only_describes(caption, preset, Texts()) is describes
