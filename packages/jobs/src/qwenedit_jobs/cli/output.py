"""A command's answer in words and tables; and the only place that prints."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from qwenedit_jobs.errors import QueueError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

OK, BAD_NEWS, NOT_ASKED = 0, 1, 2
"""Exit codes: success; failure; the command couldn't run."""


class CommandError(QueueError):
    """A command that can't be carried out; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command found or did."""

    text: str
    code: int = OK


@dataclass(frozen=True, slots=True)
class Deed:
    """What a request did to one job or entry."""

    id: str
    said: str
    """The outcome, with what to do about it if it isn't as requested."""
    done: bool = True


def of_deeds(deeds: Sequence[Deed]) -> Answer:
    """Report the results for several jobs; a failure unless all were done."""
    code = OK if all(deed.done for deed in deeds) else BAD_NEWS
    return Answer("\n".join(one_line(f"{deed.id}: {deed.said}") for deed in deeds) or "Nothing to do.", code)


def show(text: str, *, error: bool = False) -> None:
    """Print a text, on standard error if `error`.

    Redis may hold anything, so everything that could steer a terminal is escaped. Only line breaks are kept: code that
    puts values into lines uses `one_line`, `table` or `pairs`, which leave none in a value.
    """
    safe = (each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode() for each in text)
    print("".join(safe), file=sys.stderr if error else sys.stdout, flush=True)


def one_line(text: str) -> str:
    """Put a text into one line."""
    return " ".join(text.split())


def table(rows: Iterable[Mapping[str, str]]) -> str:
    """Align rows below their heads; columns that are empty in every row are left out."""
    cells = [{head: one_line(cell) for head, cell in row.items()} for row in rows]
    names = dict.fromkeys(head for row in cells for head in row)
    heads = [head for head in names if any(row.get(head) for row in cells)]
    lines = [[head.upper() for head in heads], *([row.get(head) or "-" for head in heads] for row in cells)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Align names and values; empty values are left out."""
    filled = [(one_line(name), one_line(value)) for name, value in rows if value]
    width = max((len(name) for name, _value in filled), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in filled)


def duration(seconds: float | None) -> str:
    """Format a duration in the largest unit that gives at least 2; empty if it's unknown."""
    if seconds is None:
        return ""
    for size_of_unit, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size_of_unit:
            return f"{seconds / size_of_unit:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def size(count: float) -> str:
    """Write a number of bytes; a kB has 1,024."""
    for size_of_unit, unit in ((1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")):
        if count >= size_of_unit:
            amount = count / size_of_unit
            return f"{amount:.1f} {unit}" if amount < 10 else f"{amount:.0f} {unit}"  # then it's precise enough
    return f"{count:.0f} B"


def moment(at: float | None, *, now: float) -> str:
    """Write a time, and how long ago it was or how far ahead it is; empty if it is unknown."""
    if at is None:
        return ""
    clock = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{clock} ({duration(now - at)} ago)" if at <= now else f"{clock} (in {duration(at - now)})"
