"""Decides whether spans are exported."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from qwenedit_telemetry.span_exporter import Exporting

PROTOCOL = "http/protobuf"
"""The only way to a collector; 4318 is its port (https://opentelemetry.io/docs/specs/otlp/)."""

log = structlog.get_logger(__name__)


def make_exporting(service: str, build: str) -> Exporting | None:
    """Read OpenTelemetry's variables (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).

    A mistake in them is logged and costs the traces, not the service.
    """
    protocol, endpoint = _otlp("PROTOCOL"), _otlp("ENDPOINT")
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    if not endpoint or off:
        return None
    if protocol not in {"", PROTOCOL}:
        log.error("tracing.off", reason=f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}: only {PROTOCOL} is supported")
        return None
    # Here and not above: 8 MB and 70 ms of CPU, for those who want traces.
    from qwenedit_telemetry.span_exporter import Exporting  # noqa: PLC0415

    try:
        return Exporting(service=service, version=build, endpoint=endpoint)
    except (ValueError, OSError) as error:
        log.error("tracing.off", reason=str(error))  # noqa: TRY400 - the reason says it all
        return None


def _otlp(name: str) -> str:
    return os.environ.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or os.environ.get(f"OTEL_EXPORTER_OTLP_{name}", "")
