"""Tells what somebody means who writes a common word, such as "stop", in whatever language."""

from __future__ import annotations

import re
from functools import cache

from qwenedit_bot.texts.text import Text
from qwenedit_bot.texts.words import LANGUAGES, Words

SMALL_TALK = (Text.WORDS_START, Text.WORDS_HELP, Text.WORDS_STATUS, Text.WORDS_CANCEL, Text.WORDS_THANKS)
"""Meanings of what says nothing about a photo."""

_NO_WORD = re.compile(r"[^\w]+")


def means(said: str, *meanings: Text) -> bool:
    """Whether somebody says one of the words of some meanings, and nothing else.

    Args:
        said: What was written: a slash, capitals and punctuation do not matter.
        meanings: Texts that list words, such as `Text.WORDS_CANCEL`.
    """
    plain = _plain(said)
    return any(plain in _words_of(meaning) for meaning in meanings)


@cache
def _words_of(meaning: Text) -> frozenset[str]:
    """Return the words of a meaning in all languages: people use those of another one than their Telegram's."""
    listed = (Words(language)(meaning).split(",") for language in LANGUAGES)
    return frozenset(_plain(word) for words in listed for word in words)


def _plain(said: str) -> str:
    return _NO_WORD.sub(" ", said.casefold()).strip()
