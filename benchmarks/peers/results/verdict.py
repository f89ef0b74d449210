"""Where ours stands, said in words from the figures of one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.peers.results.report import Row

MOST_P99 = 5.0
"""Milliseconds."""
MOST_TIMES_FLOOR = 2.0
MOST_TEN_THOUSAND = 1.3
"""Times the time to the next job while 10 wait."""


def sentences(rows: Sequence[Row]) -> list[str]:
    """Compare ours with what was measured beside it, and with what we want of it."""
    named = {each.name: each for each in rows}
    ours, floor = named.get("ours"), named.get("floor")
    if ours is None or ours.pickup_p50 is None or ours.pickup_p99 is None:
        return []
    found = [f"Ours: pickup p99 {ours.pickup_p99:.2f} ms (wanted: below {MOST_P99:.0f})."]
    if floor is not None and floor.pickup_p50 is not None:
        times = ours.pickup_p50 / floor.pickup_p50
        found.append(f"Its median pickup is {times:.2f} times the floor's (wanted: at most {MOST_TIMES_FLOOR:.0f}).")
    if ours.waiting:
        times = ours.waiting[10_000] / ours.waiting[10]
        found.append(
            f"The next job begins {times:.2f} times as late with 10,000 in line as with 10 "
            f"(wanted: at most {MOST_TEN_THOUSAND})."
        )
    # Without kills in this run nobody is known to have lost anything.
    rivals = [each for each in rows if each.pickup_p50 is not None and each.name != "floor" and _lost_nothing(each)]
    for what, of, slowest_first in (
        ("median pickup", lambda each: each.pickup_p50, False),
        ("jobs a second with one worker", lambda each: each.one, True),
        ("jobs a second with four", lambda each: each.four, True),
    ):
        found.append(_place(what, rivals, of, descending=slowest_first))
    return found


def _lost_nothing(each: Row) -> bool:
    return each.losses is None or not (each.losses.gone or each.losses.late)


def _place(what: str, rivals: Sequence[Row], of: Callable[[Row], float | None], *, descending: bool) -> str:
    ranked = sorted(rivals, key=lambda each: of(each) or 0.0, reverse=descending)
    place = next((number for number, each in enumerate(ranked, 1) if each.name == "ours"), 0)
    kind = "that left no job behind" if any(each.losses for each in rivals) else "measured"
    return f"By {what} it is number {place} of {len(ranked)} {kind}; first is {ranked[0].title}." if place else what
