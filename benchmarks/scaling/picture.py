"""GPU hours of each policy as bars with their p95, an SVG of a few kilobytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES, PANEL, LINE, HEAD, GAP = 190, 420, 24, 34, 14
COLOURS = {"length": "#9aa4b2", "wait": "#2f6fde", "oracle": "#d5d9e0"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A policy's figures, means over all seeds."""

    policy: str
    """Its first word chooses the colour."""
    hours: float
    """Of GPUs."""
    p95: float
    """Seconds."""


def draw(panels: Mapping[str, Sequence[Bar]], caption: str) -> str:
    """Draw one panel below the other, each with a scale of its own."""
    height = sum(HEAD + len(bars) * LINE + GAP for bars in panels.values()) + 26
    width = NAMES + PANEL
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            'font-family="system-ui, sans-serif" font-size="13" fill="#1c2430">'
        ),
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    top = 0
    for title, bars in panels.items():
        parts.append(_text(NAMES, top + 22, title, ' font-weight="600"'))
        most = max(bar.hours for bar in bars)
        for number, bar in enumerate(bars):
            y = top + HEAD + number * LINE
            length = bar.hours / most * (PANEL - 190)
            parts.append(_text(NAMES - 10, y + 13, bar.policy, ' text-anchor="end"'))
            colour = COLOURS[bar.policy.split()[0]]
            parts.append(f'<rect x="{NAMES}" y="{y}" width="{length:.1f}" height="17" rx="2" fill="{colour}"/>')
            parts.append(_text(NAMES + length + 6, y + 13, f"{bar.hours:,.0f} GPU hours, p95 {bar.p95:,.0f} s"))
        top += HEAD + len(bars) * LINE + GAP
    parts += [_text(10, height - 9, caption, ' font-size="11" fill="#5b6675"'), "</svg>", ""]
    return "\n".join(parts)


def _text(x: float, y: float, text: str, extra: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}"{extra}>{escape(text)}</text>'
