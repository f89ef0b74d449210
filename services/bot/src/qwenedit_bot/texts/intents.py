"""Classifies texts by intent, such as an instruction or “cancel it please”, by the sentences in `phrases/`.

A naive Bayes classifier learns from them when this is imported. If the bot misunderstands a text, add similar sentences
to the file of its language: there are no rules here to extend.
"""

# ruff: noqa: RUF001 - the bot understands Arabic and Chinese

from __future__ import annotations

import math
import re
import unicodedata
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Literal

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable

READ = 200
"""Characters of a message that are looked at."""
_PIECE, _WHOLE, _BARE = 0.2, 100.0, 30.0
"""What a piece counts for beside a word, which is in many of them, and what a whole sentence that is listed does."""
_SURE_WISH, _SURE_OTHER, _CERTAIN = 1.0, 0.5, 4.0
"""By how much a wish must be likelier than all else, and something else likelier than a wish, in natural logarithms;
and by how much either, to be certain even as an answer to the bot's question.

A remark that becomes a job costs a picture; a wish that doesn't costs a message.
"""
_CJK = "\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_REPEATED = re.compile(r"(\w)\1{2,}|(\w\w)\2{2,}")
_MARKS_BETWEEN = r"(?:(?!(?<=\d):\d)[.,!?;:()\n…—،؛؟，。！？；、\u2600-\u27bf\U0001f000-\U0001faff])+"
"""What stands between clauses, besides words such as “but”."""
_LINK = re.compile(r"(?:https?://|www\.|t\.me/)\S+", re.IGNORECASE)
_IMPATIENT = set("?？؟.…")
_ANGRY = set("👎😡🤬😠😤🙄💩🤮🤦")
_SPELLINGS = str.maketrans("يكةىı？؟！，", "یکهیi??!,", "'’`")
_MARKS = dict.fromkeys(code for code in range(0x10000) if unicodedata.category(chr(code)) in {"Mn", "Cf"})
"""Accents and invisible characters, for `str.translate`."""
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
"""libyaml is ten times as fast."""


class Intent(StrEnum):
    """The intent of a text; the names are those of the lists in `phrases/`."""

    WISH = "wish"
    FIX = "fix"
    """What's wrong with what was done, or what only the words before explain: “you cut my head off”, “less”."""
    FACE = "face"
    """A face that isn't the person's any more."""
    STOP = "stop"
    AGAIN = "again"
    UNDO = "undo"
    WHEN = "when"
    """How far a picture is."""
    FILE = "file"
    """The result as it was made, instead of Telegram's JPEG."""
    LARGER = "larger"
    PRESETS = "presets"
    HELP = "help"
    PRICE = "price"
    """What a picture costs, or how many are left."""
    REFUND = "refund"
    SEND = "send"
    VIDEO = "video"
    SHAPE = "shape"
    """A change of the picture's width or height alone, which no model makes of words."""
    PRIVACY = "privacy"
    """A question about personal data, or a request to delete it."""
    START = "start"
    OTHER = "other"
    """Another picture than the one on the screen."""
    HOW = "how"
    """Nothing but how several photos are used: see `how_of`."""
    QUESTION = "question"
    """A question, a complaint or a remark that asks for no change."""
    THANKS = "thanks"
    AGREED = "agreed"


_BACK = (Intent.UNDO, Intent.STOP)
_ASKED = (Intent.HELP, Intent.PRICE, Intent.PRIVACY)
QUESTIONS = (*_ASKED, Intent.VIDEO, Intent.PRESETS)
"""Questions about the bot; a message may have several."""
_POLITE = (Intent.THANKS, Intent.START, Intent.AGREED)
_REMARKS = (*_POLITE, Intent.QUESTION)
WISHES = (Intent.WISH, Intent.FIX)
_BESIDE_OTHERS = (*WISHES, *_REMARKS, *_BACK, *_ASKED, Intent.AGAIN, Intent.SEND)
_LABELS = tuple(Intent)
ORIGINAL = "original"
PLACES = FIRST, SECOND, THIRD, LAST, ANOTHER = "first", "second", "third", "last", "other"
"""Which one of several pictures is meant, as `markers.yaml` has it."""
_ROOM = 32
"""More than there are labels."""
_KEY = (1 << 64) - _ROOM


class Doubt(StrEnum):
    """Whether a text may be misread as an instruction, or the other way round."""

    NONE = ""
    SOME = "some"
    """They may if they answer the bot."""
    MUCH = "much"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What words mean."""

    intent: Intent
    doubt: Doubt = Doubt.NONE


def meaning_of(text: str) -> Meaning:
    """Return what words mean.

    Emoji alone are thanks; angry ones, question marks, dots or a link are a question.
    """
    said = _LINK.sub("", text).removeprefix("/")
    if not _TOKEN.search(said):
        marks = set(text) - set(" \n!")
        grumbles = said != text or (marks and marks <= _IMPATIENT) or marks & _ANGRY
        return Meaning(Intent.QUESTION if grumbles else Intent.THANKS)
    meaning = _BAYES.meaning_of(said)
    clauses = [each for each in re.split(f"{_MARKS_BETWEEN}|{_phrases()['but']}", said[:READ]) if _TOKEN.search(each)]
    alone = len(clauses) <= 1 or is_listed(said) or meaning.intent not in _BESIDE_OTHERS
    return meaning if alone else _of_clauses(meaning, clauses, said)


def _of_clauses(meaning: Meaning, clauses: list[str], text: str) -> Meaning:
    """Return what words mean that aren't listed, by their clauses: what one of them wants counts before remarks."""
    meant = [_BAYES.meaning_of(each) for each in clauses]
    sure = [each for each in meant if each.intent in WISHES and not each.doubt]
    if meaning.intent in (*_ASKED, Intent.SEND):  # “do you speak English? make it blue”
        clear = [each for each in meant if each == Meaning(Intent.WISH) or each.intent in _ASKED[1:]]
        return clear[0] if clear else meaning
    if Meaning(Intent.THANKS) == meant[0] and meaning.intent is Intent.FIX and not has("still", text):
        return Meaning(Intent.WISH, meaning.doubt)  # “much better, thanks! Now a bit warmer” keeps what there is
    if Meaning(Intent.FIX) in (meant[0], meaning) and not has("less", text):  # “you removed the cat, put it back”
        meant = [each for each in meant if each.intent not in _BACK]
    acts = [each for each in meant if each.intent not in (*_REMARKS, *WISHES) and not each.doubt]
    if sure and ({each.intent for each in acts} or {meaning.intent}) <= {Intent.AGAIN, Intent.STOP}:
        return Meaning(Intent.FIX)  # “same but green”, “wait no, green”
    if acts and Meaning(Intent.WISH) not in meant:
        return acts[0]
    return sure[0] if sure and (meaning.intent in _REMARKS or meaning.doubt) else meaning


def wish_behind(text: str) -> tuple[str, str]:
    """Return a wish and what comes first, as in “undo and make it blue” or “forget it, make it red”; else nothing."""
    start = 0
    for mark in re.finditer("|".join((_MARKS_BETWEEN, _phrases()["but"], _phrases()["and"])), text[:READ]):
        before, rest = text[start : mark.start()], text[mark.end() :].strip()
        head = meaning_of(before)
        drops = head.intent in (*_BACK, Intent.OTHER) and not has("each", before)
        black_and_white = " " not in rest and has("colour", rest) and has("colour", before)
        whole = (Intent.WISH,) if head.intent is Intent.STOP else WISHES  # “wait no, green” says too little
        if drops and not black_and_white and not head.doubt and meaning_of(rest) in map(Meaning, whole):
            return rest, head.intent
        start = mark.end()
    return "", ""


def questions_in(text: str) -> tuple[Intent, ...]:
    """Return the different questions about the bot in a text."""
    clauses = re.split("|".join((_MARKS_BETWEEN, _phrases()["but"], _phrases()["and"])), text[:READ])
    meant = [_BAYES.meaning_of(each) for each in clauses if _TOKEN.search(each)]
    return tuple(dict.fromkeys(each.intent for each in meant if each.intent in QUESTIONS and not each.doubt))


def without_remarks(text: str) -> str:
    """Return words without up to three clear remarks before them, as in “Aww, so cute! Now make it snow”."""
    for _ in range(3):
        first = re.match(r"[^.!\n]+[.!\n]+\s*(?=\w)", text)
        if first is None or meaning_of(first[0].strip()) not in map(Meaning, _POLITE):
            break
        text = text[first.end() :]
    return text


def between_marks(text: str) -> list[str]:
    """Return the parts of a text between marks such as commas."""
    return re.split(_MARKS_BETWEEN, text[:READ])


def is_listed(text: str) -> bool:
    """Return whether a sentence is in `phrases/`."""
    return any(any(_BAYES.seen(each)) for found, _weight in _whole(text.removeprefix("/")) for each in found)


def how_of(text: str) -> Literal["each", "together", ""]:
    """Return whether words about an album are about each picture, or about one picture of them all, if they say so."""
    if has("together", text) or any(len(places_in(each)) > 1 for each in between_marks(text)):
        return "together"
    return "each" if has("each", text) else ""


def implied_how(text: str) -> Literal["each", "together", ""]:
    """Return how words that don't say it use several pictures: empty if they may make one of them, as “with” does."""
    return "together" if has("places", text) else "" if has("joins", text) else "each"


def place_of(text: str) -> str:
    """Return which one of several pictures words name, or that they mean the photo that was sent; else nothing."""
    places = places_in(text)
    if len(places) == 1 and not how_of(text):
        return places[0]
    return ORIGINAL if has(ORIGINAL, text) else ""


def places_in(text: str) -> list[str]:
    """Return all places that words name."""
    return [place for place in PLACES if has(place, text)]


class _Bayes:
    """Multinomial naive Bayes over words, pairs of words, pieces of words, and whole sentences.

    What none of a label's sentences has is equally unlikely for all labels. Else those with few sentences would get
    the messages that are like none of any label's.
    """

    def __init__(self, sentences: Iterable[tuple[Intent, str]]) -> None:
        found: Counter[int] = Counter()
        total: Counter[Intent] = Counter()
        for intent, said in sentences:
            label = _LABELS.index(intent)
            keys = [key + label for features, _weight in _features(said) for key in features]
            total[intent] += len(keys)
            found.update(keys)
        # A dictionary of all features would take ten times the memory.
        self._keys = array("Q", sorted(found))
        self._counts = array("H", map(found.__getitem__, self._keys))
        most = max(total.values())
        # A label is taken to have a fifth of what none of its sentences has. Those with few sentences are made equal
        # to those with many to 0.6: 0 is not at all, 1 is wholly.
        self._scale = [(most / total[intent]) ** 0.6 / 0.2 for intent in _LABELS]

    def seen(self, feature: int) -> Iterator[tuple[int, int]]:
        """Yield the labels whose sentences have a feature, each with how many do."""
        for at in range(bisect_left(self._keys, feature), len(self._keys)):
            label = self._keys[at] - feature
            if label >= _ROOM:
                break
            yield label, self._counts[at]

    def meaning_of(self, said: str) -> Meaning:
        """Return what a sentence means; one that is listed means that for sure."""
        scores = [0.0] * len(_LABELS)
        for features, weight in _features(said):
            for label, count in chain.from_iterable(map(self.seen, features)):
                scores[label] += weight * math.log1p(count * self._scale[label])
        ahead = max(scores[: len(WISHES)]) - max(scores[len(WISHES) :])
        intent = _LABELS[scores.index(max(scores))]
        if -_SURE_OTHER <= ahead <= _SURE_WISH:
            return Meaning(intent, Doubt.MUCH)
        return Meaning(intent, Doubt.NONE if abs(ahead) > _CERTAIN else Doubt.SOME)


def _features(said: str) -> tuple[tuple[set[int], float], ...]:
    """Return what the classifier knows a sentence by, as numbers that leave room for a label, and what each counts."""
    plain = re.sub(r"\d", "0", _plain(said))
    words, padded = _TOKEN.findall(plain), f" {plain} "
    pairs = {hash(f"={one} {other}") & _KEY for one, other in pairwise(("^", *words, "$"))}
    pieces = {hash(padded[at : at + size]) & _KEY for size in (3, 4) for at in range(len(padded) - size + 1)}
    return ({hash(f"={word}") & _KEY for word in words} | pairs, 1.0), (pieces, _PIECE), *_whole(said)


def _whole(said: str) -> tuple[tuple[set[int], float], ...]:
    """Return a whole sentence as features: as it is, and without marks besides “?”."""
    bare = _spaced(said) + "?" * ("?" in said)
    return ({hash(f"=={_plain(said)}") & _KEY}, _WHOLE), ({hash(f"=={bare}") & _KEY} if bare.strip() else set(), _BARE)


def has(about: str, text: str) -> bool:
    """Return whether words have a phrase that `markers.yaml` lists, in any language."""
    return re.search(_phrases()[about], _spaced(text)) is not None


@cache
def _phrases() -> Mapping[str, str]:
    listed: defaultdict[str, list[str]] = defaultdict(list)
    for phrases in _read(files("qwenedit_bot.texts") / "markers.yaml").values():
        for about, said in phrases.items():
            listed[about] += map(_spaced, said.split(","))
    return {about: "|".join(found) for about, found in listed.items()}


def _spaced(text: str) -> str:
    """Return the words of a text between spaces, each Chinese character as one."""
    return f" {' '.join(_TOKEN.findall(_plain(text)))} "


def _plain(text: str) -> str:
    """Return the beginning of a text without capitals, accents and repeated letters, as in “sooo coool”."""
    decomposed = unicodedata.normalize("NFKD", text[:READ].casefold().translate(_SPELLINGS))
    return " ".join(_REPEATED.sub(r"\1\1\2\2", decomposed.translate(_MARKS)).split())


def _sentences() -> Iterator[tuple[Intent, str]]:
    for file in (files("qwenedit_bot.texts") / "phrases").iterdir():
        yield from ((Intent(name), said) for name, sentences in _read(file).items() for said in sentences)


def _read(file: Traversable) -> dict[str, Any]:
    """Read a file of phrases or sentences; “yes” and “16:9” are as they are written."""
    return dict(yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER))  # noqa: S506 - makes strings


_BAYES = _Bayes(_sentences())
