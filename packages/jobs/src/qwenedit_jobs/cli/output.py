"""A command's answer, as text for people and as JSON for programs; and the only place that prints."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from qwenedit_jobs.errors import QueueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

OK, BAD_NEWS, NOT_ASKED = 0, 1, 2
"""Exit codes: the answer is as wished; it is not; the question could not be asked."""

_DURATIONS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_SIZES = ((1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


class CommandError(QueueError):
    """A command makes no sense for what it is about; the message says what does."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found or did."""

    data: Any
    """For `--json`: dataclasses, models, and collections of them."""
    text: str
    code: int = OK

    @property
    def json(self) -> str:
        """The answer for a program; times are seconds since the epoch. All but ASCII is escaped."""
        return json.dumps(self.data, default=_plain, indent=2)


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of a request about one job."""

    id: str
    outcome: str
    said: str
    """The outcome in words, with what to do about it if it isn't as requested."""
    done: bool = True


def of_deeds(deeds: Sequence[Deed]) -> Answer:
    """Tell what became of a request about several jobs; bad news unless all were done."""
    code = OK if all(deed.done for deed in deeds) else BAD_NEWS
    return Answer(list(deeds), lines(f"{deed.id}: {deed.said}" for deed in deeds), code)


def show(text: str, *, error: bool = False) -> None:
    """Print a text, on standard error if it is one.

    What others wrote into Redis may be in it, so everything that could steer a terminal is escaped. Only line breaks
    are kept: whatever puts values into lines uses `one_line`, `lines`, `table` or `pairs`, which leave none in a value.
    """
    safe = (each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in text)
    print("".join(safe), file=sys.stderr if error else sys.stdout, flush=True)


def one_line(text: str, *, most: int = 0) -> str:
    """Put a text into one line, cut to `most` characters if that isn't 0."""
    told = " ".join(text.split())
    return f"{told[: most - 1]}…" if 0 < most < len(told) else told


def lines(texts: Iterable[str]) -> str:
    """Put each text into a line of its own."""
    return "\n".join(map(one_line, texts))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Align rows below their heads; columns that are empty in every row are left out."""
    cells = [[one_line(cell) for cell in row] for row in rows]
    shown = [index for index in range(len(heads)) if any(row[index] for row in cells)]
    found = [[heads[index] for index in shown], *([row[index] or "-" for index in shown] for row in cells)]
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in found
    )


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Align names and values; empty values are left out."""
    known = [(one_line(name), one_line(value)) for name, value in rows if value]
    width = max((len(name) for name, _value in known), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in known)


def duration(seconds: float | None) -> str:
    """Tell a duration in the largest unit of which it has two; empty if it is unknown."""
    if seconds is None:
        return ""
    for size_of_unit, unit in _DURATIONS:
        if seconds >= 2 * size_of_unit:
            return f"{seconds / size_of_unit:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def size(count: float) -> str:
    """Tell a number of bytes; a kB has 1,024."""
    for size_of_unit, unit in _SIZES:
        if count >= size_of_unit:
            amount = count / size_of_unit
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"  # noqa: PLR2004 - then it's precise enough
    return f"{count:.0f} B"


def moment(at: float | None, *, now: float) -> str:
    """Tell a time, and how long ago it was or how far ahead it is; empty if it is unknown."""
    if at is None:
        return ""
    clock = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{clock} ({duration(now - at)} ago)" if at <= now else f"{clock} (in {duration(at - now)})"


def _plain(value: object) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON")
