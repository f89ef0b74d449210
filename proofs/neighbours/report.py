"""What a trial's figures say, and what of them is not as promised."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from qwenedit_testkit.telegram_calls import share

if TYPE_CHECKING:
    from proofs.neighbours.trial import Row

MOST_HELP, MOST_ACCEPTED = 1.0, 3.0
"""Seconds at p99."""
MOST_AT_FIRST = 6.0
"""Seconds at p99 while all begin: Telegram lets a bot answer 150 people in 5, and a second more is for the answer."""


def broken(row: Row, *, refused: bool, stops_all: bool) -> list[str]:
    """Say what is not as promised, in a line each.

    Args:
        row: The trial.
        refused: Whether a photo may be refused in words.
        stops_all: Whether nobody could be answered meanwhile.
    """
    found = [
        (not stops_all and _p99(row.helps) > MOST_HELP, f"/help answered within {_told(_p99(row.helps))} at p99"),
        (
            not stops_all and _p99(row.accepted) > MOST_ACCEPTED,
            f"photos accepted within {_told(_p99(row.accepted))} at p99",
        ),
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
    ]
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


def _p99(values: list[float]) -> float:
    return share(values, 0.99)


def _told(seconds: float | None) -> str:
    return "never" if seconds is None or not math.isfinite(seconds) else f"{seconds:.2f} s"
