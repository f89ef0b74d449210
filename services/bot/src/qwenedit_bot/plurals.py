"""What is kept of babel's knowledge of languages, by which Fluent counts and writes numbers.

It is loaded on import, best before anything else: most of what babel takes for it is free then, in small pieces, which
all that is imported later fills.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from babel import localedata
from babel.core import get_global

if TYPE_CHECKING:
    from collections.abc import Sequence

LANGUAGES = ("en", "ru")
"""Those that the bot speaks."""
_KEPT = frozenset(("decimal_formats", "default_numbering_system", "number_symbols", "plural_form"))


def _load(languages: Sequence[str]) -> None:
    """Load how languages count and write numbers, and forget what else babel then knows.

    Names of countries, currencies, units and time zones are nine tenths of it: 3 MB for two languages, and 2 MB for
    what is known of no language in particular. babel documents that `load` returns the same dictionary each time, so
    what is taken out of it is gone for all of the process; dates and currencies cannot be formatted any more.

    Args:
        languages: Names of babel's files, such as `ru`.
    """
    for name in ("root", *languages):
        data = localedata.load(name)
        for key in data.keys() - _KEPT:
            del data[key]
    for large in (get_global("likely_subtags"), get_global("territory_languages")):
        cast("dict[str, Any]", large).clear()


_load(LANGUAGES)
