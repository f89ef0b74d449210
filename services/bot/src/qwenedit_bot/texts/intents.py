"""Tells what somebody means whose words are no instruction, such as "cancel it please" or "again"."""

# ruff: noqa: RUF001 - the bot understands Arabic and Chinese
from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

import yaml
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_LONGEST = 12
"""Words of a message that can be an intent; in Chinese, characters. A longer one says what to do."""
_NOWHERE = 1 << 10
"""Parts of words that the table does not cover."""
_TYPED_WRONG = 6
"""Letters from which on a word may have one typing error."""
_CJK = "\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_REPEATED = re.compile(r"(\w{1,2}?)\1+")
_STRETCHED = re.compile(r"(\w)\1\1|(\w\w)\2\2")
_LINK = re.compile(r"(?:https?://|www\.|t\.me/)\S+", re.IGNORECASE)
_QUESTION_MARKS = ("?", "？", "؟")
_IMPATIENT = {*_QUESTION_MARKS, ".", "…"}
_ANGRY = set("👎😡🤬😠😤🙄💩🤮🤦")
_SPELLINGS = str.maketrans({"ي": "ی", "ك": "ک", "ة": "ه", "ى": "ی", "'": "", "’": "", "`": "", "ı": "i"})


class Intent(StrEnum):
    """What somebody wants who gives no instruction; of several, the first one counts."""

    STOP = "stop"
    FILE = "file"
    """The result as it was made, instead of Telegram's JPEG."""
    UNDO = "undo"
    REDO = "redo"
    WHEN = "when"
    AGAIN = "again"
    PRESETS = "presets"
    HELP = "help"
    START = "start"
    QUESTION = "question"
    THANKS = "thanks"
    AGREED = "agreed"
    HOW = "how"
    """Nothing but how several photos are used: see `how_of`."""


def intent_of(text: str) -> Intent | None:
    """Return what a message means that is no instruction; None for an instruction, and wherever that is in doubt.

    Args:
        text: What was written. Emoji alone are thanks; angry ones, question marks, dots or a link are a question.
    """
    words = _words_of(_LINK.sub("", text))
    if not words:
        return Intent.QUESTION if _LINK.search(text) else _wordless(text)
    if len(words) > _LONGEST:
        return None
    _parts, rank = min(table.covers(words) for table in _tables().values())
    if rank < len(Intent):
        return list(Intent)[rank]
    asks = text.rstrip().endswith(_QUESTION_MARKS) and any(table.asks(words) for table in _tables().values())
    return Intent.QUESTION if asks else None


def how_of(text: str) -> Literal["each", "together", ""]:
    """Return whether words about an album are about each picture, or about one picture of them all, if they say so."""
    words = _words_of(text)
    if any(_contains(words, table.together) for table in _tables().values()):
        return "together"
    return "each" if any(_contains(words, table.each) for table in _tables().values()) else ""


class _Table:
    """The phrases of a language."""

    def __init__(self, listed: Mapping[str, Any]) -> None:
        self.each, self.together = _phrases_in(listed["each"]), _phrases_in(listed["together"])
        meant = {Intent.HOW: self.each | self.together}
        ranked = [meant.get(intent) or _phrases_in(listed[intent]) for intent in Intent]
        ranked.append(_phrases_in(listed["filler"]))
        self._ranks = {phrase: rank for rank, phrases in reversed(list(enumerate(ranked))) for phrase in phrases}
        self._lengths = sorted({len(phrase) for phrase in self._ranks})
        self._known = frozenset(word for phrase in self._ranks for word in phrase)
        self._squeezed = {_squeezed(word): word for word in sorted(self._known)}
        self._asks, self._unless = _phrases_in(listed["asks"]), _phrases_in(listed["unless"])

    def covers(self, said: Sequence[str]) -> tuple[int, int]:
        """Return into how few phrases and fillers words can be parted, and the first intent of these, by its place."""
        words = tuple(known for word in said if (known := self._as_listed(word)) is not None)
        best = [(0, len(Intent))] + [(_NOWHERE, len(Intent))] * len(words)
        for start, length in product(range(len(words)), self._lengths):
            rank, end = self._ranks.get(words[start : start + length]), start + length
            if rank is not None and end <= len(words):
                parts, first = best[start]
                best[end] = min(best[end], (parts + 1, min(first, rank)))
        return best[-1] if len(words) == len(said) and best[-1][0] < _NOWHERE else (_NOWHERE, len(Intent))

    def asks(self, words: Sequence[str]) -> bool:
        """Whether words begin as a question does, after a greeting or fillers too, and not as a polite wish."""
        begin = [words[at:] for at in range(len(words)) if self.covers(words[:at])[0] < _NOWHERE]
        return any(_begins(each, self._asks) and not _begins(each, self._unless) for each in begin)

    def _as_listed(self, word: str) -> str | None:
        """Return the word of the table that somebody wrote, stretched or mistyped."""
        if word in self._known:
            return word
        if _STRETCHED.search(word):
            return self._squeezed.get(_squeezed(word))
        if len(word) < _TYPED_WRONG:
            return None
        alike = (known for known in self._known if len(known) >= _TYPED_WRONG)
        return next((known for known in alike if OSA.distance(word, known, score_cutoff=1) <= 1), None)


@cache
def _tables() -> Mapping[str, _Table]:
    return {language: _Table(phrases) for language, phrases in _listed().items()}


@cache
def _slang() -> Mapping[str, str]:
    return {spelt: word for listed in _listed().values() for spelt, word in listed.get("slang", {}).items()}


@cache
def _listed() -> Mapping[str, Mapping[str, Any]]:
    listed: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
        (files("qwenedit_bot.texts") / "intents.yaml").read_text(encoding="utf-8")
    )
    return listed


def _phrases_in(listed: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(_words_of(phrase)) for phrase in listed.split(","))


def _words_of(text: str) -> list[str]:
    """Return the words of a text without capitals, accents and invisible characters; each Chinese character is one."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_SPELLINGS))
    words = _TOKEN.findall("".join(each for each in plain if unicodedata.category(each) not in {"Mn", "Cf"}))
    return [_slang().get(word, word) for word in words]


def _squeezed(word: str) -> str:
    return _REPEATED.sub(r"\1", word)


def _begins(words: Sequence[str], phrases: Iterable[tuple[str, ...]]) -> bool:
    return any(tuple(words[: len(phrase)]) == phrase for phrase in phrases)


def _contains(words: Sequence[str], phrases: Iterable[tuple[str, ...]]) -> bool:
    spoken = tuple(words)
    return any(spoken[start : start + len(phrase)] == phrase for phrase in phrases for start in range(len(spoken)))


def _wordless(text: str) -> Intent | None:
    marks = set(text) - set(" \n!")
    if not marks:
        return None
    return Intent.QUESTION if marks <= _IMPATIENT or marks & _ANGRY else Intent.THANKS
