"""Tells wishes from other words, and what those mean, such as "cancel it please" or "again"."""

# ruff: noqa: RUF001 - the bot understands Arabic and Chinese
from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import chain, product
from typing import TYPE_CHECKING, Any, Literal

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST = 12
"""Words of a message that can be an intent; in Chinese, characters."""
_SHORT = 4
"""Words, or Chinese characters, that may be the rest of a wish though they don't look like one."""
_REST = 5
"""Words behind “and a”, “now” or “without” that go on with a wish."""
_NEAR = 2
"""Words before a verb among which “you” or “to” tells that it asks for nothing."""
_NOWHERE = 1 << 10
"""Parts of words that the table does not cover."""
_CJK = "\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_REPEATED = re.compile(r"(\w)\1+|(\w\w)\2{2,}")
_CLAUSE = re.compile(r"(?:(?!(?<=\d):\d)[.,!?;:()\n…—،؛؟，。！？；、])+")
_NO_VERB = re.compile(r"(?:ed|s|ly|ing)$")
"""Ends of words that aren't commands in a language that lists objects."""
_STARRED = re.compile(r"\*\s?\w[^*]*")
"""A word put right, as people do in chats; two stars are a gesture: “*sighs*”."""
_LINK = re.compile(r"(?:https?://|www\.|t\.me/)\S+", re.IGNORECASE)
_QUESTION_MARKS = ("?", "？", "؟")
_IMPATIENT = {*_QUESTION_MARKS, ".", "…"}
_ANGRY = set("👎😡🤬😠😤🙄💩🤮🤦")
_FEELING = re.compile("FACE|HEART|HAND|THUMB|FIRE$|HUNDRED|SPARKLES|PARTY|KISS|BICEPS|MARK|STAR|PERSON|MONKEY")
"""What is in the names of emoji that are laughter, thanks or a grumble."""
_SPELLINGS = str.maketrans({"ي": "ی", "ك": "ک", "ة": "ه", "ى": "ی", "'": "", "’": "", "`": "", "ı": "i"})


class Intent(StrEnum):
    """What somebody wants who gives no instruction; of several, the first one counts."""

    STOP = "stop"
    FILE = "file"
    """The result as it was made, instead of Telegram's JPEG."""
    UNDO = "undo"
    REDO = "redo"
    WHEN = "when"
    PRESETS = "presets"
    HELP = "help"
    OTHER = "other"
    """Another picture than the one on the screen."""
    AGAIN = "again"
    START = "start"
    QUESTION = "question"
    THANKS = "thanks"
    AGREED = "agreed"
    HOW = "how"
    """Nothing but how several photos are used: see `how_of`."""


_AGAIN = list(Intent).index(Intent.AGAIN)
_DEGREES = {list(Intent).index(intent) for intent in (Intent.STOP, Intent.THANKS)}
"""Intents whose words may say of what there is to be more, by their places."""


class Doubt(StrEnum):
    """Whether words look like a wish to change a picture."""

    NONE = ""
    SOME = "some"
    """A few words of which nothing is known."""
    MUCH = "much"
    """A question, a remark, or many words of which none asks for a change."""
    THANKS = "thanks"
    """Thanks or laughter, whatever else is said."""


def intent_of(text: str) -> Intent | None:
    """Return what a message means that is no instruction; None for an instruction, and wherever that is in doubt.

    Emoji alone are thanks; angry ones, question marks, dots or a link are a question.
    """
    said = _clauses_of(text)
    words = list(chain(*said))
    if not words:
        return Intent.QUESTION if _LINK.search(text) else _wordless(text)
    if len(words) > _LONGEST:
        return None
    _parts, rank = min(table.covers(words) for table in _tables().values())
    ordered = any(table.orders(clause) for table, clause in product(_tables().values(), said))
    if rank < len(Intent) and not ordered:
        return list(Intent)[rank]
    doubt = doubt_of(text)
    if doubt is not Doubt.NONE:
        had = {intent for table in _tables().values() for intent in table.has(" ".join(words))}
        if had:
            return min(had, key=list(Intent).index)
    return Intent.QUESTION if doubt is Doubt.MUCH and text.rstrip().endswith(_QUESTION_MARKS) else None


def doubt_of(text: str) -> Doubt:
    """Return whether words look like a wish: a clause of them does, in the language of most of them."""
    said = [" ".join(clause) for clause in _clauses_of(text)]
    words = " ".join(said).split()
    if _STARRED.fullmatch(text):
        return Doubt.NONE
    if shows_things(text):
        return Doubt.THANKS
    knows = {table: table.knows(words) for table in _tables().values()}
    tables = [table for table, known in knows.items() if known == max(knows.values())]
    if any(table.wishes(clause) for table in tables for clause in said):
        return Doubt.NONE
    if any(table.thanks(" ".join(said)) for table in tables):
        return Doubt.THANKS
    remarks = all(table.remarks(" ".join(said)) for table in tables)
    return Doubt.MUCH if remarks or len(words) > _SHORT else Doubt.SOME


def corrects(text: str) -> bool:
    """Return whether words, if they're a wish, take back the last one: “i meant …”, “no, green”, “*blonde”."""
    first, *rest = _CLAUSE.split(text)
    if _STARRED.fullmatch(text) or (rest and intent_of(first) in (Intent.QUESTION, Intent.STOP)):
        return True
    said = [" ".join(words) for words in _clauses_of(text)]
    return any(table.correct.match(clause) for table in _tables().values() for clause in said)


def how_of(text: str) -> Literal["each", "together", ""]:
    """Return whether words about an album are about each picture, or about one picture of them all, if they say so."""
    said = " ".join(_words_of(text))
    if any(table.together.search(said) for table in _tables().values()):
        return "together"
    return "each" if any(table.each.search(said) for table in _tables().values()) else ""


def shows_things(text: str) -> bool:
    """Return whether a message is emoji that show things, as “❄️🎅” do, and no feelings."""
    names = [unicodedata.name(each, "") for each in text if unicodedata.category(each) == "So"]
    return bool(names) and not _words_of(text) and not any(map(_FEELING.search, names))


def names_one(text: str) -> bool:
    """Return whether words name one of several pictures by its place, such as “the second one”."""
    return any(table.other.search(" ".join(_words_of(text))) for table in _tables().values())


class _Table:
    """The phrases of a language."""

    def __init__(self, phrases: Mapping[str, Any]) -> None:
        listed = defaultdict(str, phrases)
        self.each, self.together = _pattern_of(listed["each"]), _pattern_of(listed["together"])
        self.other = _pattern_of(listed["other"])
        listed["how"] = f"{listed['each']},{listed['together']}"
        meant = {intent: _phrases_in(listed[intent]) for intent in Intent}
        meant[Intent.THANKS] |= _phrases_in(listed["praise"])
        ranked = [*(meant[intent] for intent in Intent), _phrases_in(listed["filler"])]
        self._ranks = {phrase: rank for rank, phrases in reversed(list(enumerate(ranked))) for phrase in phrases}
        self._lengths = sorted({len(phrase) for phrase in self._ranks})
        self._wish, self._look = _pattern_of(listed["wish"]), _pattern_of(listed["look"])
        self.correct, self._aside = _pattern_of(listed["correct"]), _pattern_of(listed["aside"])
        self._onward = _pattern_of(f"{listed['onward']},{listed['correct']}")
        self._has = {Intent(intent): _pattern_of(said) for intent, said in phrases.get("has", {}).items()}
        self._asks, self._unless = _pattern_of(listed["asks"]), _pattern_of(listed["unless"])
        said = chain(*(listed[each].split(",") for each in ("thanks", "praise", "question")))
        single = [word for word in said if " " not in word.strip()]
        self._remark = _pattern_of(",".join((listed["asks"], listed["remark"], *single)))
        self._thanks = _pattern_of(listed["thanks"])
        self._but, self._object = _pattern_of(listed["but"]), _pattern_of(listed["object"])
        words = chain(*(each.replace(",", " ").split() for each in listed.values() if isinstance(each, str)))
        self._any = _pattern_of(",".join(word for word in words if word.strip("*")))

    def covers(self, said: Sequence[str]) -> tuple[int, int]:
        """Return into how few phrases and fillers words can be parted, and the first intent of these, by its place."""
        words = tuple(said)
        best = [(0, len(Intent))] + [(_NOWHERE, len(Intent))] * len(words)
        for start, length in product(range(len(words)), self._lengths):
            rank, end = self._ranks.get(words[start : start + length]), start + length
            if rank is not None and end <= len(words):
                parts, first = best[start]
                best[end] = min(best[end], (parts + 1, min(first, rank)))
        return best[-1] if best[-1][0] < _NOWHERE else (_NOWHERE, len(Intent))

    def orders(self, clause: Sequence[str]) -> bool:
        """Whether a word of a clause is an intent if it stands alone, but says how with what comes after it.

        So do verbs of wishes before anything else, as in “deixa mais bonito”, and “more” before what is praise or means
        stop too, as in “más alto”.
        """
        for place, word in enumerate(clause, start=1):
            meant, then = self._ranks.get((word,), len(Intent)), self.covers(clause[place:])[1]
            if len(Intent) in (meant, then) or meant == then:
                continue
            degree = meant == _AGAIN and then in _DEGREES and not self._thanks.search(" ".join(clause[place:]))
            if self._wish.fullmatch(word) or (degree and self._look.fullmatch(word)):
                return True
        return False

    def knows(self, words: Sequence[str]) -> int:
        """Return how many of the words are in this table."""
        return sum(self._any.search(word) is not None for word in words)

    def has(self, said: str) -> set[Intent]:
        """Return the intents of which words that are no wish have a phrase."""
        return {intent for intent, phrases in self._has.items() if phrases.search(said)}

    def wishes(self, clause: str) -> bool:
        """Whether a clause, given as words, asks for a change, or says what a picture is to look like."""
        if Intent.HELP in self.has(clause):
            return False
        return any(self._asks_for_it(part) for part in (clause, *self._but.split(clause)))

    def thanks(self, said: str) -> bool:
        """Whether words that are no wish have thanks in them, and no question."""
        return self._thanks.search(said) is not None and not self._asks.search(said)

    def remarks(self, clause: str) -> bool:
        """Whether a clause has a word of questions and remarks."""
        return self._remark.search(self._aside.sub("", clause)) is not None

    def _asks_for_it(self, said: str) -> bool:
        if any(self._is_asked(said[: found.start()]) for found in self._wish.finditer(said)):
            return True
        if self._look.search(said) is not None and not self.remarks(said):
            return True
        return self._goes_on(said) or self._commands(said)

    def _goes_on(self, said: str) -> bool:
        """Whether words begin as the rest of a wish does, and have a few more."""
        begun = self._onward.match(said)
        rest = said[begun.end() :] if begun is not None else ""
        return 0 < len(rest.split()) <= _REST and not self.remarks(rest)

    def _is_asked(self, before: str) -> bool:
        near = " ".join(before.split()[-_NEAR:])
        return self._asks.search(before) is None and self._unless.search(near) is None

    def _commands(self, said: str) -> bool:
        """Whether words begin with one that isn't listed and an object, as commands do: “dye her hair”."""
        first, *rest = said.split() or [""]
        if not rest or self.knows([first]) or _NO_VERB.search(first) or not self._object.fullmatch(rest[0]):
            return False
        return not self.remarks(" ".join(rest[1:]))


@cache
def _tables() -> Mapping[str, _Table]:
    return {language: _Table(phrases) for language, phrases in _listed().items()}


@cache
def _slang() -> Mapping[str, str]:
    listed = [spelt for phrases in _listed().values() for spelt in phrases.get("slang", {}).items()]
    return {_plain(spelt): _plain(word) for spelt, word in listed}


@cache
def _listed() -> Mapping[str, Mapping[str, Any]]:
    listed: Mapping[str, Mapping[str, Any]] = yaml.safe_load(
        (files("qwenedit_bot.texts") / "intents.yaml").read_text(encoding="utf-8")
    )
    return listed


def _phrases_in(listed: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(words) for phrase in listed.split(",") if (words := _words_of(phrase)))


def _pattern_of(listed: str) -> re.Pattern[str]:
    """Return what finds phrases in words; a star stands for the rest of a word."""
    phrases = sorted({_spelt(phrase) for phrase in listed.split(",") if phrase.strip()}, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases) or '(?!)'})(?!\w)")


def _spelt(phrase: str) -> str:
    return " ".join(r"\w*".join(" ".join(_words_of(part)) for part in word.split("*")) for word in phrase.split())


def _clauses_of(text: str) -> list[list[str]]:
    return [_words_of(clause) for clause in _CLAUSE.split(_LINK.sub("", text))]


def _words_of(text: str) -> list[str]:
    """Return the words of a text, each Chinese character as one, without capitals, accents and repeated letters."""
    words = [_slang().get(word, word) for word in _TOKEN.findall(_plain(text))]
    return [_REPEATED.sub(r"\1\2\2", word) for word in words]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_SPELLINGS))
    return "".join(each for each in decomposed if unicodedata.category(each) not in {"Mn", "Cf"})


def _wordless(text: str) -> Intent | None:
    marks = set(text) - set(" \n!")
    if not marks:
        return None
    return Intent.QUESTION if marks <= _IMPATIENT or marks & _ANGRY else Intent.THANKS
