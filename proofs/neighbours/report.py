"""The verdict, the figures as JSON, and the table for the documentation."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from proofs.neighbours.abusers import ALL
from qwenedit_testkit import ROOT
from qwenedit_testkit.telegram_calls import share

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from proofs.neighbours.trial import Row

MOST_HELP, MOST_ACCEPTED = 1.0, 3.0
"""Seconds at p99."""
MOST_AT_FIRST = 6.0
"""Seconds at p99 while all begin: Telegram lets a bot answer 150 people in 5, and a second more is for the answer."""
P99 = 0.99
NEVER = "never"
PAGE = ROOT / "docs/misuse.md"
BEFORE = ROOT / "proofs/neighbours/c34cd34.json"
QUIET, TOGETHER = "quiet", "all at once"
ABOUT: Mapping[str, str] = {
    QUIET: "nobody misuses anything",
    **{abuser.name: abuser.about for abuser in ALL},
    TOGETHER: "all of them together, but for the full Redis",
}
BEGIN, END = "<!-- figures -->\n", "<!-- /figures -->"


def broken(row: Row) -> list[str]:
    """Say what is not as promised, in a line each."""
    kind = next((abuser for abuser in ALL if abuser.name == row.name), None)
    stops_all = kind is not None and kind.stops_all
    refused = row.name == TOGETHER or (kind is not None and kind.refused)
    found = [
        (not stops_all and _p99(row.helps) > MOST_HELP, f"/help answered within {_told(_p99(row.helps))} at p99"),
        (not stops_all and _p99(row.accepted) > MOST_ACCEPTED,
         f"photos accepted within {_told(_p99(row.accepted))} at p99"),
        (_p99(row.at_first) > MOST_AT_FIRST, f"answered within {_told(_p99(row.at_first))} at p99 while all begin"),
        (bool(row.unanswered), f"{row.unanswered} messages were never answered"),
        (bool(row.twice), f"{row.twice} messages were answered twice"),
        (bool(row.refused) and not refused, f"{row.refused} photos were answered in words"),
        (row.memory > row.limit, f"{row.memory:.0f} MiB of memory"),
        (bool(row.killed), f"the bot was killed {row.killed} times for its memory"),
        (bool(row.deaths), f"{len(row.deaths)} processes ended by themselves: {'; '.join(sorted(set(row.deaths)))}"),
        (row.recovery is None, "it did not recover"),
        (row.recovery is not None and row.after > MOST_HELP, f"afterwards /help took {_told(row.after)}"),
        (bool(row.errors), f"the abuser failed: {'; '.join(row.errors)}"),
    ]  # fmt: skip
    told = [f"{row.name}: {what}" for is_so, what in found if is_so]
    return [*told, f"{row.name}: slowest {row.slowest}"] if told else []


def line(row: Row) -> str:
    """Say it in a line."""
    at_first = f"at first p99 {_told(_p99(row.at_first))} of {len(row.at_first)}, " if row.at_first else ""
    return (
        f"{row.name:18} help p99 {_told(_p99(row.helps)):>8} of {len(row.helps):3}, "
        f"accepted p99 {_told(_p99(row.accepted)):>8} of {len(row.accepted):3}, "
        f"{at_first}unanswered {row.unanswered}, "
        f"twice {row.twice}, in words {row.refused}, memory {row.memory:4.0f} MiB, killed {row.killed}, "
        f"recovered after {_told(row.recovery)}, load {row.load:.1f}"
    )


def figures(row: Row) -> dict[str, Any]:
    """Return what is kept of a row as JSON; null is never."""
    kept = asdict(row) | {"helps": len(row.helps), "accepted": len(row.accepted), "deaths": len(row.deaths)}
    kept |= {"at_first": len(row.at_first), "at_first_p99": _p99(row.at_first)}
    kept |= {"help_p99": _p99(row.helps), "accepted_p99": _p99(row.accepted)}
    return {name: _kept(value) for name, value in kept.items()}


def _kept(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2) if math.isfinite(value) else None
    return value


def save(path: Path, rows: Sequence[Row]) -> None:
    """Keep figures in a file, those of other abusers in it as they are."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | {row.name: figures(row) for row in rows}, indent=1) + "\n")


def write(rows: Mapping[str, Mapping[str, Any]]) -> None:
    """Put a table of such figures into the documentation, between its marks."""
    before = json.loads(BEFORE.read_text()) if BEFORE.exists() else {}
    head, _begin, rest = PAGE.read_text().partition(BEGIN)
    _old, _end, tail = rest.partition(END)
    PAGE.write_text(f"{head}{BEGIN}{table(rows, before)}{END}{tail}")


def table(rows: Mapping[str, Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the figures in Markdown, those of c34cd34 beside them in brackets."""
    lines = [
        "| beside the victims | /help, p99 | photo accepted, p99 | never answered | twice | memory, MiB | recovered |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, now in rows.items():
        then = before.get(name)
        cells = (
            _pair(now, then, lambda one: _told(one["help_p99"]) + _at_first(one)),
            _pair(now, then, lambda one: _told(one["accepted_p99"])),
            _pair(now, then, lambda one: str(one["unanswered"])),
            _pair(now, then, lambda one: str(one["twice"])),
            _pair(now, then, lambda one: f"{one['memory']:.0f}{_killed(one)}"),
            _pair(now, then, lambda one: _told(one["recovery"])),
        )
        lines.append(f"| {ABOUT[name]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _pair(now: Mapping[str, Any], then: Mapping[str, Any] | None, say: Any) -> str:
    return f"{say(now)} ({say(then) if then is not None else '-'})"


def _at_first(row: Mapping[str, Any]) -> str:
    return f"; {_told(row['at_first_p99'])} at first" if row.get("at_first") else ""


def _killed(row: Mapping[str, Any]) -> str:
    return f", killed {row['killed']} times" if row["killed"] else ""


def _p99(values: list[float]) -> float:
    return share(values, P99)


def _told(seconds: float | None) -> str:
    return NEVER if seconds is None or not math.isfinite(seconds) else f"{seconds:.2f} s"
