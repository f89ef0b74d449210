"""Finds presets by words that a user types, in any language of the bot."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwenedit_bot.presets.catalogue import Catalogue, Category, Preset

MAX_QUERY = 64
"""Characters of a query that are looked at."""
ALIKE = 82
"""Least similarity of a mistyped or inflected word, in percent."""
LONG = 6
"""Letters from which on a known word's other forms are looked for too: a beard is no bear."""

SHORT = 2
"""Letters of a word that says nothing beside longer ones."""

_WORD = re.compile(r"[^\W_]{2,}")


@dataclass(frozen=True, slots=True)
class Found:
    """What a query finds."""

    categories: tuple[Category, ...] = ()
    """Those whose names fit it."""
    presets: tuple[Preset, ...] = ()
    """Those that fit it, the best first."""

    def __bool__(self) -> bool:
        return bool(self.categories or self.presets)


class PresetSearch:
    """Searches one catalogue.

    Args:
        catalogue: Its words are collected once.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._categories = [(category, _words(category.name)) for category in catalogue.categories]
        self._presets = [
            (preset, _words(preset.name), _words(category.name, preset.name, preset.example, preset.keywords or {}))
            for category in catalogue.categories
            for preset in category.presets
        ]
        self._known = sorted(set().union(*(words for _, _, words in self._presets)))

    def find(self, query: str) -> Found:
        """Return what has most of a query's words; names that have them come first."""
        words = _words({"": query[:MAX_QUERY]})
        wanted = [self._alike(word) for word in {word for word in words if len(word) > SHORT} or words]
        if not any(wanted):
            return Found()
        categories = tuple(each for each, name in self._categories if all(name & alike for alike in wanted))
        counts = [
            (sum(bool(every & alike) for alike in wanted), sum(bool(name & alike) for alike in wanted), preset)
            for preset, name, every in self._presets
        ]
        most = max(count for count, _, _ in counts)
        best = sorted((each for each in counts if each[0] == most), key=lambda each: -each[1])
        return Found(categories, tuple(preset for _, _, preset in best))

    def _alike(self, word: str) -> set[str]:
        """Return the known words that begin with a word, and those that may be its other forms."""
        begun = {known for known in self._known if known.startswith(word)}
        if begun and len(word) < LONG:
            return begun
        near = process.extract(word, self._known, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=None)
        return begun.union(known for known, _score, _place in near)


def _words(*texts: Mapping[str, str]) -> set[str]:
    """Return the words of texts without their accents, so that nobody has to type these."""
    plain = unicodedata.normalize("NFKD", " ".join(each for text in texts for each in text.values()).casefold())
    return set(_WORD.findall("".join(each for each in plain if not unicodedata.combining(each))))
