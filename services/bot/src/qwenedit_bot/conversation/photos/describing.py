"""Tells a caption that describes a photo, such as “this is me”, from one that says what to do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwenedit_bot.texts import LANGUAGES, Text

if TYPE_CHECKING:
    from qwenedit_bot.presets.catalogue import Preset
    from qwenedit_bot.texts import Texts

_WORD = re.compile(r"[^\W\d_]+")


def only_describes(caption: str, preset: Preset, texts: Texts) -> bool:
    """Whether each word of a caption only names what a photo may show, in any language of the bot.

    The texts list these words. What a preset says of its photos, as “the garment”, counts too. A caption with any other
    word may be an instruction: then the user is asked, so a doubt costs a press and no picture.
    """
    known = {word for language in LANGUAGES for word in _words(texts.of(language)(Text.DESCRIBING))}
    known |= {word for asked in preset.asks for said in asked.values() for word in _words(said)}
    return _words(caption) <= known


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
