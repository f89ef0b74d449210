"""Spans, for business code: OpenTelemetry's API in the ways in which this product makes spans.

Until a tracer is set, every call here does nothing. The SDK and an exporter are imported only where traces are exported
(`exporting`): they take 8 MB of memory. A part of a job that takes long is logged in any case.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import structlog
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from qwenedit_telemetry import attributes as names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from opentelemetry.context import Context

Attributes: TypeAlias = "Mapping[str, str | int | float | bool]"
Kind = trace.SpanKind
"""A span's part in a conversation."""

SLOW, SLOW_LOGGED_EVERY = 5.0, 60.0
"""Seconds after which a part is slow, and between two log lines about those of one name."""
WAITS = ("telegram getUpdates", "comfyui wait")
"""Parts that take as long as they like."""

_W3C = TraceContextTextMapPropagator()
_OUTSIDE = trace.set_span_in_context(trace.INVALID_SPAN)
"""Whatever is current has nothing to do with a span that is made here."""


class Span:
    """What is being done, from one moment to another."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def traceparent(self) -> str:
        """What another process needs to continue from here (https://www.w3.org/TR/trace-context/); empty: nothing."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, trace.set_span_in_context(self._span))
        return carrier.get("traceparent", "")

    def set(self, attributes: Attributes) -> None:
        """Set attributes of the span; their names come from `attributes`."""
        self._span.set_attributes(dict(attributes))

    def event(self, name: str, attributes: Attributes) -> None:
        """Note something that happened now."""
        self._span.add_event(name, dict(attributes))

    def fail(self, kind: str) -> None:
        """Mark it as failed, with a word from a bounded set: an error's text may quote a user."""
        self._span.set_attribute(names.ERROR_TYPE, kind)
        self._span.set_status(trace.StatusCode.ERROR)


log = structlog.get_logger(__name__)

NO_SPAN = Span(trace.INVALID_SPAN)
"""For a place that holds a span, while there is none."""

_tracer: trace.Tracer | None = None
_slow_at: dict[str, float] = {}
"""When a part of this name was last logged as slow."""


def use(tracer: trace.Tracer | None) -> None:
    """Set what makes this process' spans; None turns tracing off."""
    global _tracer  # noqa: PLW0603 - one a process, as the logs' configuration
    _tracer = tracer


def root(
    name: str, *, kind: Kind = Kind.INTERNAL, attributes: Attributes | None = None
) -> AbstractContextManager[Span]:
    """Begin a trace."""
    return _make(name, kind=kind, attributes=attributes, parent="")


@contextmanager
def span(name: str, *, kind: Kind = Kind.INTERNAL, attributes: Attributes | None = None) -> Iterator[Span]:
    """Make a part of the current span; outside of any span, none: what serves no job is not traced.

    A part that takes longer than `SLOW` is logged while it lasts: what hangs may never end in another line.
    """
    with _told_if_slow(name):
        if current_ids() is None:
            yield NO_SPAN
            return
        with _make(name, kind=kind, attributes=attributes, parent=None) as part:
            yield part


@contextmanager
def _told_if_slow(name: str) -> Iterator[None]:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # nothing waits outside of one
        loop = None
    slow = None if loop is None or name in WAITS else loop.call_later(SLOW, _say_slow, name)
    try:
        yield
    finally:
        if slow is not None:
            slow.cancel()


def _say_slow(name: str) -> None:
    if time.monotonic() - _slow_at.get(name, -SLOW_LOGGED_EVERY) >= SLOW_LOGGED_EVERY:
        _slow_at[name] = time.monotonic()
        log.warning("call.slow", call=name, seconds=SLOW)


def continued(
    name: str, parent: str, *, kind: Kind = Kind.INTERNAL, attributes: Attributes | None = None
) -> AbstractContextManager[Span]:
    """Continue a trace that another process began; with an empty `parent`, begin one."""
    return _make(name, kind=kind, attributes=attributes, parent=parent)


def sending(destination: str, message_id: str) -> AbstractContextManager[Span]:
    """Send a message; its span's `traceparent` is to travel with it."""
    return _make(
        f"send {destination}",
        kind=Kind.PRODUCER,
        attributes=_messaging(destination, message_id, "send"),
        parent=None if current_ids() else "",
    )


def processing(
    destination: str, message_id: str, *, parent: str, attributes: Attributes
) -> AbstractContextManager[Span]:
    """Process a message: a child of the span that sent it.

    Tempo pairs sender and receiver, and tells how long a message waited, by parentage. The sender is linked as well,
    as the conventions for messages have it.

    Args:
        destination: Where it lay.
        message_id: Which it is.
        parent: The sender's traceparent; empty: unknown, and a trace begins here.
        attributes: More of it.
    """
    return _make(
        f"process {destination}",
        kind=Kind.CONSUMER,
        attributes={**_messaging(destination, message_id, "process"), **attributes},
        parent=parent,
        link=parent,
    )


def exemplar() -> dict[str, str] | None:
    """Return an exemplar that links a metric to the current trace, if it's exported."""
    ids = current_ids()
    sampled = trace.get_current_span().get_span_context().trace_flags.sampled
    return {"trace_id": ids[0], "span_id": ids[1]} if ids and sampled else None


def current_ids() -> tuple[str, str] | None:
    """Return the current span's trace id and span id, for a log line."""
    if _tracer is None:
        return None
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)


def current_traceparent() -> str:
    """Return the current span's `Span.traceparent`, to continue it later; empty outside of any span."""
    return Span(trace.get_current_span()).traceparent if current_ids() else ""


@contextmanager
def _make(
    name: str,
    *,
    kind: Kind,
    attributes: Attributes | None,
    parent: str | None,
    link: str = "",
) -> Iterator[Span]:
    """Make a span that is current inside the block; with an empty `parent` it begins a trace, with None it's a part."""
    if _tracer is None:
        yield NO_SPAN
        return
    linked = trace.get_current_span(_context(link)).get_span_context()
    started = _tracer.start_span(
        name,
        context=None if parent is None else _context(parent),
        kind=kind,
        attributes=dict(attributes or {}),
        links=[trace.Link(linked)] if linked.is_valid else [],
    )
    span = Span(started)
    # An exception's text may quote a user, and its frames' variables hold pictures: only its class is exported.
    with trace.use_span(started, end_on_exit=True, record_exception=False, set_status_on_exception=False):
        try:
            yield span
        except Exception as error:
            span.fail(type(error).__name__)
            raise


def _context(traceparent: str) -> Context:
    return _W3C.extract({"traceparent": traceparent}, context=_OUTSIDE)


def _messaging(destination: str, message_id: str, operation: str) -> dict[str, str]:
    return {
        names.MESSAGING_SYSTEM: "redis",
        names.MESSAGING_DESTINATION: destination,
        names.MESSAGING_OPERATION: operation,
        names.MESSAGING_OPERATION_TYPE: operation,
        names.MESSAGING_MESSAGE_ID: message_id,
        **names.of_job(message_id),
    }
