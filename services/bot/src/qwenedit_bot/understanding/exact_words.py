"""The reader that needs no model: a text is an instruction, unless as a whole it's in a short list.

It never looks inside a sentence, so that users can predict it. Don't add to the lists because of one sentence.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml

from qwenedit_bot.understanding.reader import Action, Screen, Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 80
"""Characters of the longest text that is looked up; the lists have shorter ones."""
_CJK = "\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")
_STRETCHED = re.compile(r"(\w)\1{2,}|(\w\w)\2{2,}")
_KEPT = (r"\1\2", r"\1\1\2")
"""What stays of stretched letters: "sooo" is "so", "coool" is "cool". Of laughter, "ha"."""
_SPELLINGS = str.maketrans({"ي": "ی", "ك": "ک", "ة": "ه", "ى": "ی", "'": None, "’": None})  # noqa: RUF001 - meant
_REMARKS = "remark"


class ExactWords:
    """Reads texts by lists of whole sentences, and of the words that remarks are made of."""

    async def read(self, text: str, screen: Screen) -> Action:
        """Return what a text asks for."""
        return meaning_of(text, screen)


def meaning_of(text: str, screen: Screen) -> Action:
    """Return what a text asks for, in the words of `exact_words.yaml`, or else as an instruction."""
    verb = verb_of(text)
    about = next((each for each in screen.shown if each.id == screen.about), None)
    pictures = (screen.about,) if about is not None else ()
    if verb is Verb.EDIT:
        return Action(verb, pictures, words=text)
    if verb is Verb.STOP:
        return Action(verb, job=screen.about if screen.replied else "")
    if verb in (Verb.AGAIN, Verb.UNDO):
        return Action(verb, pictures, job=screen.about)
    return Action(verb)


def verb_of(text: str) -> Verb:
    """Return what a whole text asks for, whatever is on the screen."""
    if len(text) > LONGEST:
        return Verb.EDIT
    tokens = _tokens(text)
    once, twice = ([_STRETCHED.sub(kept, token) for token in tokens] for kept in _KEPT)
    verb = _verbs().get(" ".join(once)) or _verbs().get(" ".join(twice))
    if verb is not None:
        return verb
    return Verb.REMARK if all(_remarks() & set(spelled) for spelled in zip(once, twice, strict=True)) else Verb.EDIT


def _tokens(text: str) -> list[str]:
    """Return the words of a text without case, marks, emoji and accents; each Chinese character."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().translate(_SPELLINGS))
    plain = "".join(each for each in decomposed if unicodedata.category(each) not in ("Mn", "Cf"))
    return _TOKEN.findall(plain)


@cache
def _lists() -> Mapping[str, Mapping[str, str]]:
    text = (files("qwenedit_bot.understanding") / "exact_words.yaml").read_text(encoding="utf-8")
    listed: dict[str, dict[str, str]] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes strings
    return listed


@cache
def _verbs() -> Mapping[str, Verb]:
    return {
        " ".join(_tokens(sentence)): Verb(verb)
        for verb, languages in _lists().items()
        if verb != _REMARKS
        for sentences in languages.values()
        for sentence in re.split("[,،，]", sentences)  # noqa: RUF001 - Chinese has its own
    }


@cache
def _remarks() -> frozenset[str]:
    return frozenset(token for words in _lists()[_REMARKS].values() for token in _tokens(words))
