"""Where spans go, by OpenTelemetry's own variables, and the one warning about a collector that does not answer."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.sdk.trace import ReadableSpan

GRPC_PORT = 4317
"""Registered for OTLP over gRPC, as 4318 is for HTTP (https://opentelemetry.io/docs/specs/otlp/)."""

_TALKATIVE = ("opentelemetry.exporter", "opentelemetry.sdk._shared_internal")
"""Log each failed attempt, and each span that they drop."""

log = structlog.get_logger(__name__)


class UnknownProtocolError(ValueError):
    """`OTEL_EXPORTER_OTLP_PROTOCOL` names none that is spoken here."""


def make_exporter(*, endpoint: str, protocol: str) -> SpanExporter:
    """Make the exporter for a protocol; it reads the other `OTEL_EXPORTER_OTLP_*` variables itself.

    Args:
        endpoint: Tells the protocol by its port, where none is given.
        protocol: `grpc`, `http/protobuf`, or empty.

    Raises:
        UnknownProtocolError: it is another one.
    """
    if not protocol:
        protocol = "grpc" if urlsplit(endpoint).port == GRPC_PORT else "http/protobuf"
    if protocol == "grpc":
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its C core writes lines of its own to stderr
        from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as over_grpc  # noqa: PLC0415 - 16 MB

        return over_grpc.OTLPSpanExporter()
    if protocol == "http/protobuf":
        from opentelemetry.exporter.otlp.proto.http import trace_exporter as over_http  # noqa: PLC0415 - one or other

        return over_http.OTLPSpanExporter()
    raise UnknownProtocolError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: choose from grpc, http/protobuf")


class WatchedExporter(SpanExporter):
    """An exporter that says once that the collector does not take spans, and once that it does again.

    Args:
        exporter: Does the work.
        endpoint: Named in the log.
    """

    def __init__(self, exporter: SpanExporter, *, endpoint: str) -> None:
        self._exporter = exporter
        self._endpoint = endpoint
        self._lost = 0
        self._away = False
        for name in _TALKATIVE:
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
        """Stop; what is on its way is given up."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait for what is on its way."""
        return self._exporter.force_flush(timeout_millis)
