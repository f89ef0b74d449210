"""The table's main figures as bars, an SVG of a few kilobytes that needs nothing to draw it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.results.report import Row

NAMES, PANEL, GAP, LINE, TOP = 260, 250, 40, 26, 64
OURS, OTHERS, FLOOR = "#2f6fde", "#9aa4b2", "#d5d9e0"


def draw(rows: Sequence[Row], caption: str) -> str:
    """Draw three panels: pickup, jobs a second of one worker, and of four."""
    rows = [each for each in rows if each.pickup_p50 is not None]
    panels: tuple[tuple[str, list[tuple[float | None, float | None]], int], ...] = (
        ("Pickup, ms: median, line to p99", [(each.pickup_p50, each.pickup_p99) for each in rows], 2),
        ("Jobs a second, one worker", [(each.one, None) for each in rows], 0),
        ("Jobs a second, four workers", [(each.four, None) for each in rows], 0),
    )
    width = NAMES + len(panels) * (PANEL + GAP)
    height = TOP + len(rows) * LINE + 34
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            'font-family="system-ui, sans-serif" font-size="13" fill="#1c2430">'
        ),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for index, each in enumerate(rows):
        weight = ' font-weight="700"' if each.name == "ours" else ""
        parts.append(_text(NAMES - 10, _y(index) + 13, each.title + _lost(each), anchor="end", extra=weight))
    for number, (title, values, digits) in enumerate(panels):
        left = NAMES + number * (PANEL + GAP)
        parts.append(_text(left, TOP - 20, title, extra=' font-weight="600"'))
        # Without the floor, which nobody can reach and which would squeeze all others together.
        shown = [value for each, (value, _to) in zip(rows, values, strict=True) if value and each.name != "floor"]
        most = max(shown, default=1.0)
        for index, (each, (value, to)) in enumerate(zip(rows, values, strict=True)):
            if value is not None:
                parts += _bar(left, _y(index), value, to, most, each.name, f"{value:,.{digits}f}")
    parts += [_text(10, height - 10, caption, extra=' font-size="11" fill="#5b6675"'), "</svg>", ""]
    return "\n".join(parts)


def _lost(each: Row) -> str:
    lost = each.losses.gone + each.losses.late if each.losses else 0
    return f" (left {lost} behind)" if lost else ""


def _y(index: int) -> int:
    return TOP + index * LINE


def _bar(left: int, top: int, value: float, to: float | None, most: float, name: str, figure: str) -> list[str]:
    """Draw one bar, its line to the worst, and its figure; what is longer than the panel is cut."""
    room = PANEL - 60
    length = min(value / most, 1.0) * room
    colour = {"ours": OURS, "floor": FLOOR}.get(name, OTHERS)
    parts = [f'<rect x="{left}" y="{top}" width="{length:.1f}" height="17" rx="2" fill="{colour}"/>']
    end = length
    if to is not None:
        end = min(to / most, 1.0) * room
        parts.append(
            f'<path d="M{left + length:.1f} {top + 8.5}H{left + end:.1f}" stroke="{colour}" stroke-width="2"/>'
        )
    if value > most:  # cut: it goes on
        parts.append(f'<path d="M{left + room - 14} {top}l-6 17h5l6 -17z" fill="#ffffff"/>')
    parts.append(_text(left + max(length, end) + 6, top + 13, figure))
    return parts


def _text(x: float, y: float, text: str, *, anchor: str = "start", extra: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{extra}>{escape(text)}</text>'
