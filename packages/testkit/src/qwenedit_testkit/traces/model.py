"""Spans and traces, as a backend has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qwenedit_telemetry import attributes

SHORTEST_GAP = 0.001
"""Seconds between two spans from which on a drawing shows them."""


@dataclass(frozen=True)
class SpanEvent:
    """Something that happened during a span."""

    name: str
    attributes: dict[str, Any]


@dataclass(frozen=True)
class Span:
    """A span as a backend gets it; ids in hexadecimal digits, times in seconds."""

    resource: dict[str, Any]
    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]
    attributes: dict[str, Any]
    events: tuple[SpanEvent, ...]
    failed: bool
    start: float
    end: float

    @property
    def label(self) -> str:
        """Its service and its name."""
        return f"{self.resource['service.name'].removeprefix('qwenedit-')}: {self.name}"


@dataclass(frozen=True)
class Trace:
    """All spans of one trace."""

    spans: tuple[Span, ...]

    def all(self, name: str) -> list[Span]:
        """Return the spans of a name, in the order in which they began."""
        return sorted((span for span in self.spans if span.name == name), key=lambda span: span.start)

    def one(self, name: str) -> Span:
        """Return the only span of a name."""
        (span,) = self.all(name)
        return span

    def parent(self, span: Span) -> Span | None:
        """Return the span within which another one was begun; None where it has not come."""
        return next((other for other in self.spans if other.span_id == span.parent_id), None)

    def edges(self) -> set[tuple[str, str]]:
        """Return each pair of parent and child, by service and name."""
        return {(parent.label if (parent := self.parent(span)) else "", span.label) for span in self.spans}

    def drawn(self, *, since: float | None = None) -> str:
        """Draw the tree: when each part began, in milliseconds since the first did, what it took, and what it says.

        A gap is a time in which a span has no part that runs, or in which a part that follows it hasn't begun.

        Args:
            since: Count from here instead, in seconds since the epoch.
        """
        begun = min(span.start for span in self.spans) if since is None else since
        lines = [f"{'began':>9}{'took':>9}"]

        def line(start: float, end: float, depth: int, says: str) -> None:
            lines.append(f"{1000 * (start - begun):9.1f}{1000 * (end - start):9.1f}  {'  ' * depth}{says}")

        def gap(start: float, end: float, depth: int) -> None:
            if end - start >= SHORTEST_GAP:
                line(start, end, depth, "(gap)")

        def draw(span: Span, depth: int) -> float:
            """Draw a span and what is below it; returns when the last of these ended."""
            line(span.start, span.end, depth, span.label + self._note(span))
            done = span.start
            children = sorted((other for other in self.spans if other.parent_id == span.span_id), key=_start)
            for child in children:
                gap(max(done, span.end) if child.start > span.end else done, child.start, depth + 1)
                done = max(done, draw(child, depth + 1))
            if children:
                gap(done, span.end, depth + 1)
            return max(done, span.end)

        done = begun
        for root in sorted((span for span in self.spans if self.parent(span) is None), key=_start):
            gap(done, root.start, 0)
            done = max(done, draw(root, 0))
        return "\n".join(lines)

    def _note(self, span: Span) -> str:
        said = [
            str(span.attributes[name]) for name in (attributes.OUTCOME, attributes.REASON) if name in span.attributes
        ]
        if span.events:
            said.append(f"{len(span.events)} steps")
        return f"  ({', '.join(said)})" if said else ""


def _start(span: Span) -> float:
    return span.start
