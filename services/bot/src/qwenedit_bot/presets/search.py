"""Finds presets by a word that a user types, in any language of the bot."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwenedit_bot.presets.catalogue import Catalogue, Category, Preset

MAX_QUERY = 64
"""Characters of a query that are looked at."""
MOST_WORDS = 5
MOST_MISTYPED = 2
"""Words that are compared with every word of every name, should nothing have them as they are typed."""
ALIKE = 0.75
"""How much alike a mistyped word is, by `difflib`."""
TELLING = 3
"""Letters of a word that tells something; a shorter one counts only in a query of such words."""
MEDIUM, LONG = 5, 6
"""Letters of a word whose last letter, or last two, may be an ending; shorter words have none."""

_WORD = re.compile(r"[^\W_]{2,}")


@dataclass(frozen=True, slots=True)
class Found:
    """What a query finds."""

    categories: tuple[Category, ...] = ()
    """Those whose names fit it."""
    presets: tuple[Preset, ...] = ()
    """Those whose own words fit it, the nearest first."""

    def __bool__(self) -> bool:
        return bool(self.categories or self.presets)


@dataclass(frozen=True, slots=True)
class _Row:
    """A preset with its words."""

    preset: Preset
    name: frozenset[str]
    names: frozenset[str]
    """Also those of its keywords."""
    own: frozenset[str]
    """Also those of its example."""
    category: frozenset[str]


class PresetSearch:
    """Searches one catalogue.

    Args:
        catalogue: Its words are collected once.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._categories = [(category, _words(*category.name.values())) for category in catalogue.categories]
        self._rows = [
            _row(preset, frozenset(words)) for category, words in self._categories for preset in category.presets
        ]
        self._known = sorted({word for row in self._rows for word in (*row.names, *row.category)})

    def find(self, query: str) -> Found:
        """Return what has most of a query's words; where nothing has one, what has nearly such a word."""
        words = _words(query[:MAX_QUERY])
        wanted = ([word for word in words if len(word) >= TELLING] or words)[:MOST_WORDS]
        found = self._find(wanted)
        mistyped = [word for word in wanted if len(word) > TELLING][:MOST_MISTYPED]
        if found or not mistyped:
            return found
        likely = [get_close_matches(word, self._known, n=1, cutoff=ALIKE) for word in mistyped]
        return self._find([word for words in likely for word in words])

    def _find(self, wanted: list[str]) -> Found:
        categories = [
            category
            for category, words in self._categories
            if wanted and all(_begins(word, words) or _has_stem(word, words) for word in wanted)
        ]
        fitting: list[tuple[int, int, Preset]] = []
        for row in self._rows:
            distances = {word: _distance(word, row) for word in wanted}
            near = [distance for distance in distances.values() if distance is not None]
            if near:
                of_category = [word for word, far in distances.items() if far is None and _begins(word, row.category)]
                fitting.append((len(near) + len(of_category), sum(near), row.preset))
        most = max((count for count, _, _ in fitting), default=0)
        best = sorted((each for each in fitting if each[0] == most), key=lambda each: each[1])
        return Found(tuple(categories), tuple(preset for _, _, preset in best))


def _row(preset: Preset, category: frozenset[str]) -> _Row:
    name = frozenset(_words(*preset.name.values()))
    names = name.union(_words(*(preset.keywords or {}).values()))
    return _Row(preset, name, names, names.union(_words(*preset.example.values())), category)


def _distance(wanted: str, row: _Row) -> int | None:
    """Return 0 where the name has a word, 1 where other words have it, 2 and 3 for its stem; None where nothing has."""
    tests = ((_begins, row.name), (_begins, row.own), (_has_stem, row.name), (_has_stem, row.own))
    return next((distance for distance, (has, words) in enumerate(tests) if has(wanted, words)), None)


def _words(*texts: str) -> list[str]:
    """Return the words of texts without their accents, so that nobody has to type these."""
    plain = unicodedata.normalize("NFKD", " ".join(texts).casefold())
    return _WORD.findall("".join(each for each in plain if not unicodedata.combining(each)))


def _begins(wanted: str, words: Iterable[str]) -> bool:
    return any(word.startswith(wanted) for word in words)


def _has_stem(wanted: str, words: Iterable[str]) -> bool:
    """Whether a word differs from one of these at its end alone: an English plural, or a case of another language."""
    if wanted.isascii():
        return wanted.endswith("s") and len(wanted) >= MEDIUM and _begins(wanted[:-1], words)
    ending = 2 if len(wanted) >= LONG else 1
    return len(wanted) >= MEDIUM and _begins(wanted[:-ending], words)
