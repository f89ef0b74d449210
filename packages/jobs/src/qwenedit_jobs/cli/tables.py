"""Tables, durations and sizes as a person reads them in a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_jobs.queue.job_records import Record

_DURATIONS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_SIZES = ((1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))
ENOUGH = 2
"""From so many of a unit on it is the unit: 90 s are told as such, 120 s are 2 min."""
SMALL = 10
"""Sizes below this many of a unit are told with a decimal."""


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align rows below their heads; a column that is empty in every row is left out."""
    shown = [index for index in range(len(heads)) if any(row[index] for row in rows)]
    lines = [[head for index, head in enumerate(heads) if index in shown]]
    lines += [[row[index] or "-" for index in shown] for row in rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(shown))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def pairs(rows: Sequence[tuple[str, str]]) -> str:
    """Align what is known below each other; what is empty is left out."""
    known = [(name, value) for name, value in rows if value]
    width = max((len(name) for name, _value in known), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in known)


def one_line(text: str, *, most: int = 0) -> str:
    """Tell a text of several lines in one, cut to a number of characters where one is given."""
    told = " ".join(text.split())
    return f"{told[: most - 1]}…" if 0 < most < len(told) else told


def step_of(job: Record) -> str:
    """Tell how far a running job is."""
    return f"{job.phase} {job.step}/{job.steps}" if job.steps else job.phase


def duration(seconds: float | None) -> str:
    """Tell a duration in its largest sensible unit; empty when it is unknown."""
    if seconds is None:
        return ""
    for size, unit in _DURATIONS:
        if seconds >= ENOUGH * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def size(count: float) -> str:
    """Tell a number of bytes, a kB being 1024."""
    for unit_size, unit in _SIZES:
        if count >= unit_size:
            amount = count / unit_size
            return f"{amount:.1f} {unit}" if amount < SMALL else f"{amount:.0f} {unit}"
    return f"{count:.0f} B"


def moment(at: float | None, *, now: float) -> str:
    """Tell a time, and how long ago it was or how far ahead it is; empty when it is unknown."""
    if at is None:
        return ""
    clock = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{clock} ({duration(now - at)} ago)" if at <= now else f"{clock} (in {duration(at - now)})"
