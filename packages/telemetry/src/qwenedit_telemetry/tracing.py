"""Spans, for business code. Until a tracer is set, every call here does nothing and costs next to nothing.

OpenTelemetry's exporter is imported only where traces are exported (`otel_tracer`). It takes 8 MB of memory over HTTP
and 16 MB over gRPC, which an installation without a collector does not pay.
"""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

from qwenedit_telemetry import attributes as names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Attributes: TypeAlias = "Mapping[str, str | int | float | bool]"


class Kind(StrEnum):
    """A span's part in a conversation; the values are OpenTelemetry's."""

    INTERNAL = "INTERNAL"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


class Span(Protocol):
    """What is being done, from one moment to another."""

    @property
    def traceparent(self) -> str:
        """What another process needs to go on from here (https://www.w3.org/TR/trace-context/); empty: nothing."""

    def set(self, attributes: Attributes) -> None:
        """Say more of it; names come from `attributes`."""

    def event(self, name: str, attributes: Attributes) -> None:
        """Note something that happened now."""

    def fail(self, kind: str) -> None:
        """Mark it as failed, with a word from a bounded set: an error's text may quote a user."""

    def leave_to_others(self) -> None:
        """Export its parts alone: another process tells of it, under the same identity."""


@dataclass(frozen=True, slots=True)
class Period:
    """From one moment to another, in seconds since the epoch."""

    start: float
    end: float


class Tracer(Protocol):
    """Makes spans; `otel_tracer` has the one that exports them."""

    def span(
        self,
        name: str,
        *,
        kind: Kind,
        attributes: Attributes,
        parent: str | None,
        links: Sequence[str],
        identity: str,
        period: Period | None,
    ) -> AbstractContextManager[Span]:
        """Make a span that is current inside the block.

        Args:
            name: One of few.
            kind: Its part in a conversation.
            attributes: Known from the start.
            parent: A traceparent; empty: this span begins a trace; None: the current span.
            links: Traceparents of other spans that it has to do with; empty ones are left out.
            identity: The traceparent that the span itself is to have; empty: a fresh one.
            period: When that was, of which it tells; None: it is being done now.
        """

    def current(self) -> tuple[str, str] | None:
        """Return trace id and span id of the current span, as hexadecimal digits."""

    def sampled(self) -> bool:
        """Whether the current span's trace is exported."""


class _NoSpan(AbstractContextManager["_NoSpan"]):
    """Stands in where nothing is traced."""

    traceparent = ""

    def __exit__(self, *_error: object) -> None:
        return

    def set(self, attributes: Attributes) -> None:
        pass

    def event(self, name: str, attributes: Attributes) -> None:
        pass

    def fail(self, kind: str) -> None:
        pass

    def leave_to_others(self) -> None:
        pass


NO_SPAN = _NoSpan()
"""For a place that holds a span, while there is none."""

_tracer: Tracer | None = None


def use(tracer: Tracer | None) -> None:
    """Set what makes this process' spans; None turns tracing off."""
    global _tracer  # noqa: PLW0603 - one a process, as the logs' configuration
    _tracer = tracer


def root(
    name: str, *, kind: Kind = Kind.INTERNAL, attributes: Attributes | None = None
) -> AbstractContextManager[Span]:
    """Begin a trace."""
    return _make(name, kind=kind, attributes=attributes, parent="")


def span(
    name: str, *, kind: Kind = Kind.INTERNAL, attributes: Attributes | None = None
) -> AbstractContextManager[Span]:
    """Make a part of the current span; outside of any span, none: what serves no job is not traced."""
    if _tracer is None or _tracer.current() is None:
        return NO_SPAN
    return _make(name, kind=kind, attributes=attributes, parent=None)


def took(name: str, seconds: float, *, failed_as: str = "") -> None:
    """Add a call to another server to the current span, which ended just now; outside of any span, nothing.

    Args:
        name: One of few.
        seconds: How long it took.
        failed_as: A word from a bounded set; empty: it did not fail.
    """
    if _tracer is None or _tracer.current() is None:
        return
    now = time.time()
    with _make(name, kind=Kind.CLIENT, attributes=None, parent=None, period=Period(now - seconds, now)) as span:
        if failed_as:
            span.fail(failed_as)


def continued(
    name: str, parent: str, *, kind: Kind = Kind.INTERNAL, attributes: Attributes | None = None
) -> AbstractContextManager[Span]:
    """Go on with a trace that another process began; with an empty `parent`, begin one."""
    return _make(name, kind=kind, attributes=attributes, parent=parent)


def sending(destination: str, message_id: str) -> AbstractContextManager[Span]:
    """Send a message; its span's `traceparent` is to travel with it."""
    if _tracer is None:
        return NO_SPAN
    return _make(
        f"send {destination}",
        kind=Kind.PRODUCER,
        attributes=_messaging(destination, message_id, "send"),
        parent=None if _tracer.current() else "",
    )


def processing(
    destination: str,
    message_id: str,
    *,
    parent: str,
    identity: str,
    before: str,
    attributes: Attributes,
    period: Period | None = None,
) -> AbstractContextManager[Span]:
    """Process a message: a child of the span that sent it.

    Tempo pairs sender and receiver, and tells how long a message waited, by parentage. The sender is linked as well,
    as the conventions for messages have it.

    Args:
        destination: Where it lay.
        message_id: Which it is.
        parent: The sender's traceparent; empty: unknown, and a trace begins here.
        identity: What the span's traceparent is to be, so that others can name it; empty: a fresh one.
        before: The traceparent of the attempt before, to be linked; empty: this is the first.
        attributes: More of it.
        period: When that was, where somebody else tells of it afterwards.
    """
    return _make(
        f"process {destination}",
        kind=Kind.CONSUMER,
        attributes={**_messaging(destination, message_id, "process"), **attributes},
        parent=parent,
        links=(parent, before),
        identity=identity,
        period=period,
    )


def exemplar() -> dict[str, str] | None:
    """Return what leads from a metric's observation to the current trace, where that is exported."""
    if _tracer is None or not _tracer.sampled():
        return None
    ids = _tracer.current()
    return {"trace_id": ids[0], "span_id": ids[1]} if ids else None


def current_ids() -> tuple[str, str] | None:
    """Return the current span's trace id and span id, for a log line."""
    return None if _tracer is None else _tracer.current()


def _make(
    name: str,
    *,
    kind: Kind,
    attributes: Attributes | None,
    parent: str | None,
    links: Sequence[str] = (),
    identity: str = "",
    period: Period | None = None,
) -> AbstractContextManager[Span]:
    if _tracer is None:
        return NO_SPAN
    return _tracer.span(
        name,
        kind=kind,
        attributes=attributes or {},
        parent=parent,
        links=links,
        identity=identity,
        period=period,
    )


def _messaging(destination: str, message_id: str, operation: str) -> dict[str, str]:
    return {
        names.MESSAGING_SYSTEM: "redis",
        names.MESSAGING_DESTINATION: destination,
        names.MESSAGING_OPERATION: operation,
        names.MESSAGING_OPERATION_TYPE: operation,
        names.MESSAGING_MESSAGE_ID: message_id,
        **names.of_job(message_id),
    }
