"""Hides bot tokens and users' words in what is logged."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    lambda words: json.dumps(words)[1:-1],
    lambda words: repr(words)[1:-1],
    lambda words: json.dumps(repr(words)[1:-1])[1:-1],
)
"""How words show in a line: on a terminal, in JSON, and within an error's text in either."""
_redacted: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("redacted", default=())
_TOKEN = re.compile(r"\b\d{5,}:[A-Za-z0-9_-]{16,}|(?<=/bot)\d+:[A-Za-z0-9_-]+")


@contextmanager
def redact_words(words: str) -> Iterator[None]:
    """Keep a user's words out of every line that is logged inside the block and by its tasks.

    A library may quote them in an error, whole or up to some length, and errors are logged.
    """
    spellings = dict.fromkeys((spell(words[:8]), spell(words)) for spell in _SPELLINGS)
    # Fewer characters say nothing of anybody, and are found in every line.
    token = _redacted.set((*_redacted.get(), *spellings) if len(words) >= 4 else _redacted.get())
    try:
        yield
    finally:
        _redacted.reset(token)


def redact(line: str) -> str:
    """Hide bot tokens, which HTTP libraries put into their errors with the URL, and a user's words."""
    for start, words in _redacted.get():
        line = _without(start, words, line)
    return _TOKEN.sub("<token>", line)


def _without(start: str, words: str, line: str) -> str:
    """Replace every place that begins as the words do, for as long as it matches them."""
    parts = line.split(start)
    kept = [parts[0]]
    for part in parts[1:]:
        rest = words[len(start) :]
        differs = (at for at, (one, other) in enumerate(zip(rest, part, strict=False)) if one != other)
        kept.append(part[next(differs, min(len(rest), len(part))) :])
    return "<words>".join(kept)
