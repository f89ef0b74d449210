"""Tells what somebody means who writes a common word, such as "stop", in whatever language."""

from __future__ import annotations

import re
from functools import cache

from qwenedit_bot.texts.text import Text
from qwenedit_bot.texts.words import LANGUAGES, Words

SMALL_TALK = (Text.WORDS_START, Text.WORDS_HELP, Text.WORDS_STATUS, Text.WORDS_CANCEL, Text.WORDS_THANKS)
"""Meanings of what says nothing about a photo."""

_NO_WORD = re.compile(r"[^\w]+")
_REPEATED = re.compile(r"(.{1,2}?)\1+")


def means(said: str, *meanings: Text) -> bool:
    """Whether somebody says one of the words of some meanings, and nothing else.

    Args:
        said: What was written: a slash, capitals and punctuation do not matter.
        meanings: Texts that list words, such as `Text.WORDS_CANCEL`.
    """
    plain = _plain(said)
    return any(plain in _words_of(meaning) for meaning in meanings)


def is_chatter(said: str) -> bool:
    """Whether each word is one of thanks or of chatter; laughter may be as long as it likes."""
    words = {_squeezed(word) for word in _plain(said).split()}
    return bool(words) and words <= _single_words()


@cache
def _words_of(meaning: Text) -> frozenset[str]:
    """Return the words of a meaning in all languages: people use those of another one than their Telegram's."""
    listed = (Words(language)(meaning).split(",") for language in LANGUAGES)
    return frozenset(_plain(word) for words in listed for word in words)


@cache
def _single_words() -> frozenset[str]:
    phrases = _words_of(Text.WORDS_THANKS) | _words_of(Text.WORDS_CHATTER)
    return frozenset(_squeezed(word) for phrase in phrases for word in phrase.split())


def _squeezed(word: str) -> str:
    """Write what is repeated once: a laugh is as long as somebody likes."""
    return _REPEATED.sub(r"\1", word)


def _plain(said: str) -> str:
    return _NO_WORD.sub(" ", said.casefold()).strip()
