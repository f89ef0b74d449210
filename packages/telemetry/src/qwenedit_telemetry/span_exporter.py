"""Spans to an OpenTelemetry collector, by OpenTelemetry's own variables. Imported only where one is configured."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

_FROM_KUBERNETES = {
    "k8s.pod.name": "POD_NAME",
    "k8s.node.name": "NODE_NAME",
    "k8s.namespace.name": "POD_NAMESPACE",
    "service.instance.id": "POD_NAME",
}

log = structlog.get_logger(__name__)


def make_provider(processor: SpanProcessor, *, service: str, version: str) -> TracerProvider:
    """Create the provider of spans; `processor` gets those of sampled traces.

    The sampler is the one of `OTEL_TRACES_SAMPLER`. If that isn't set, all traces are exported but those whose parent
    was left out.
    """
    described = resource(service=service, version=version)
    provider = TracerProvider(resource=described, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


def resource(*, service: str, version: str) -> Resource:
    """Describe this process; `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` have the last word."""
    named = {"service.name": f"qwenedit-{service}", "service.namespace": "qwenedit", "service.version": version}
    pod = {name: os.environ[variable] for name, variable in _FROM_KUBERNETES.items() if os.environ.get(variable)}
    return Resource.create({**named, **pod}).merge(OTELResourceDetector().detect())


class Exporting:
    """Exports spans in batches, in a thread of its own: a span's end never waits.

    Spans that don't fit into the queue (`OTEL_BSP_MAX_QUEUE_SIZE`) are dropped, the oldest first.

    Args:
        service: `bot` or `worker`.
        version: Of the service.
        endpoint: Named in the log.

    Raises:
        ValueError: a variable of OpenTelemetry's can't be used.
        OSError: a certificate can't be read.
    """

    def __init__(self, *, service: str, version: str, endpoint: str) -> None:
        self._exporter = WatchedExporter(OTLPSpanExporter(), endpoint=endpoint)
        self._provider = make_provider(BatchSpanProcessor(self._exporter), service=service, version=version)
        self.tracer = self._provider.get_tracer("qwenedit", version)

    def close(self) -> None:
        """Export the remaining spans within 3 s, then drop the rest: a collector that's down delays no pod's end."""
        # The SDK's own shutdown waits for up to half a minute, and takes no other time.
        flushing = threading.Thread(target=self._provider.shutdown, name="flush-spans", daemon=True)
        flushing.start()
        flushing.join(3)
        if flushing.is_alive():
            self._exporter.shutdown()


class WatchedExporter(SpanExporter):
    """An exporter that logs once that the collector takes no spans, and once that it does again.

    Args:
        exporter: Does the work.
        endpoint: Named in the log.
    """

    def __init__(self, exporter: SpanExporter, *, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._lost = 0
        self._away = False
        for name in ("opentelemetry.exporter", "opentelemetry.sdk._shared_internal"):  # log each failure
            logging.getLogger(name).setLevel(logging.CRITICAL)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch."""
        result = self._exporter.export(spans)
        if result is SpanExportResult.FAILURE:
            if not self._away:
                log.warning("tracing.collector_unreachable", endpoint=self._endpoint, effect="spans are dropped")
            self._away = True
            self._lost += len(spans)
        elif self._away:
            log.info("tracing.collector_reachable", endpoint=self._endpoint, lost_spans=self._lost)
            self._away, self._lost = False, 0
        return result

    def shutdown(self) -> None:
        """Stop, dropping spans in flight."""
        self._exporter.shutdown()
