"""Spans to an OpenTelemetry collector. Imported only where one is configured: see `tracing`."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from qwenedit_telemetry import attributes as names
from qwenedit_telemetry.span_exporter import WatchedExporter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.export import SpanExporter

    from qwenedit_telemetry.tracing import Attributes, Kind, Period

FLUSH = 3.0
"""Seconds that the last spans have at a stop; a collector that is away may not delay a pod's end."""

_FROM_KUBERNETES = {
    "k8s.pod.name": "POD_NAME",
    "k8s.node.name": "NODE_NAME",
    "k8s.namespace.name": "POD_NAMESPACE",
    "service.instance.id": "POD_NAME",
}
_W3C = TraceContextTextMapPropagator()

_next_span_id: ContextVar[int | None] = ContextVar("next_span_id", default=None)


def resource(*, service: str, version: str) -> Resource:
    """Describe this process; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` have the last word."""
    known = {"service.name": f"qwenedit-{service}", "service.namespace": "qwenedit", "service.version": version}
    pod = {name: os.environ[variable] for name, variable in _FROM_KUBERNETES.items() if os.environ.get(variable)}
    return Resource.create({**known, **pod}).merge(OTELResourceDetector().detect())


class OpenTelemetryTracer:
    """Makes spans and exports those of sampled traces, in a thread of its own: a span's end never waits.

    What does not fit into the queue (`OTEL_BSP_MAX_QUEUE_SIZE`) is dropped, the oldest first. The sampler is the one of
    `OTEL_TRACES_SAMPLER`; without, all traces are exported whose parent was not left out.

    Args:
        service: `bot` or `worker`.
        version: Of the service.
        processor: Takes the spans.
        give_up: Ends its tries to export them.
    """

    def __init__(
        self,
        *,
        service: str,
        version: str,
        processor: SpanProcessor,
        give_up: Callable[[], None] = lambda: None,
    ) -> None:
        self._give_up = give_up
        self._provider = TracerProvider(
            resource=resource(service=service, version=version), id_generator=_Ids(), shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("qwenedit", version)

    @classmethod
    def exporting(cls, exporter: SpanExporter, *, service: str, version: str, endpoint: str) -> OpenTelemetryTracer:
        """Make one that exports in batches."""
        watched = WatchedExporter(exporter, endpoint=endpoint)
        return cls(service=service, version=version, processor=BatchSpanProcessor(watched), give_up=watched.shutdown)

    @contextmanager
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
    ) -> Iterator[_Span]:
        """Make a span that is current inside the block; see `tracing.Tracer`."""
        context = None if parent is None else _context(parent)
        linked = [span for span in map(_span_context, filter(None, links)) if span.is_valid]
        token = _next_span_id.set(_span_context(identity).span_id if identity else None)
        try:
            made = self._tracer.start_span(
                name,
                context=context,
                kind=trace.SpanKind[kind.value],
                attributes=dict(attributes),
                links=[trace.Link(span) for span in linked],
                start_time=_nanoseconds(period.start) if period else None,
            )
        finally:
            _next_span_id.reset(token)
        span = _Span(made)
        # An exception's text may quote a user, and its frames' variables hold pictures: only its class is told.
        with trace.use_span(made, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            try:
                yield span
            except Exception as error:
                span.fail(type(error).__name__)
                raise
            finally:
                if span.ours:
                    made.end(_nanoseconds(period.end) if period else None)

    def current(self) -> tuple[str, str] | None:
        """Return trace id and span id of the current span."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return None
        return trace.format_trace_id(context.trace_id), trace.format_span_id(context.span_id)

    def sampled(self) -> bool:
        """Whether the current span's trace is exported."""
        return trace.get_current_span().get_span_context().trace_flags.sampled

    def close(self) -> None:
        """Export what is left, within `FLUSH` seconds; what is left then is dropped."""
        # The SDK's own shutdown waits for up to half a minute, and takes no other time.
        flushing = threading.Thread(target=self._provider.shutdown, name="flush-spans", daemon=True)
        flushing.start()
        flushing.join(FLUSH)
        if flushing.is_alive():
            self._give_up()


class _Span:
    """A span that is being made."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self.ours = True
        """Whether this process exports it."""

    @property
    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, trace.set_span_in_context(self._span))
        return carrier.get("traceparent", "")

    def set(self, attributes: Attributes) -> None:
        self._span.set_attributes(dict(attributes))

    def event(self, name: str, attributes: Attributes) -> None:
        self._span.add_event(name, dict(attributes))

    def fail(self, kind: str) -> None:
        self._span.set_attribute(names.ERROR_TYPE, kind)
        self._span.set_status(trace.StatusCode.ERROR)

    def leave_to_others(self) -> None:
        self.ours = False


class _Ids(RandomIdGenerator):
    """Random ids, except where a span's identity was agreed on beforehand."""

    def generate_span_id(self) -> int:
        return _next_span_id.get() or super().generate_span_id()


def _nanoseconds(seconds: float) -> int:
    return round(seconds * 1_000_000_000)


def _context(traceparent: str) -> Context:
    # Into an empty context: whatever is current here has nothing to do with it.
    return _W3C.extract({"traceparent": traceparent}, context=trace.set_span_in_context(trace.INVALID_SPAN))


def _span_context(traceparent: str) -> trace.SpanContext:
    return trace.get_current_span(_context(traceparent)).get_span_context()
