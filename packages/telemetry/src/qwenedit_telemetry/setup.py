"""The one call with which a service sets up its telemetry."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import structlog

from qwenedit_telemetry import tracing
from qwenedit_telemetry.logs import configure_logging
from qwenedit_telemetry.metrics import make_registry
from qwenedit_telemetry.probes import Check, ProbeServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client import CollectorRegistry

    from qwenedit_telemetry.exporting import Exporting

PROTOCOL = "http/protobuf"
"""The only way to a collector; 4318 is its port (https://opentelemetry.io/docs/specs/otlp/)."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Telemetry:
    """What a service reports itself with."""

    registry: CollectorRegistry
    """Make the service's own metrics in this one."""
    exporting: Exporting | None
    """Exports spans; None if no collector is configured."""
    version: str
    """Of the service."""

    def probe_server(self, *, host: str, port: int, checks: Mapping[str, Check]) -> ProbeServer:
        """Make the server of `/metrics` and of the service's probes; see `ProbeServer`."""
        return ProbeServer(host=host, port=port, registry=self.registry, checks=checks)

    def close(self) -> None:
        """Export the last spans, for a few seconds at most. Call it when all else has ended."""
        tracing.use(None)
        if self.exporting is not None:
            self.exporting.close()


def setup(*, service: str, level: str = "INFO", constants: Mapping[str, str] | None = None) -> Telemetry:
    """Set up logs, metrics and traces; call it once, when the settings are read and before anything else is built.

    Args:
        service: `bot` or `worker`; the distribution `qwenedit-<service>` tells the version.
        level: The least severe level that is logged.
        constants: Fields of each log line, such as the worker's name.

    Raises:
        ValueError: an unknown level.
    """
    configure_logging(service=service, level=level, constants=constants)
    build = _version(service)
    exporting = _exporting(service, build)
    tracing.use(exporting.tracer if exporting else None)
    return Telemetry(registry=make_registry(service=service, version=build), exporting=exporting, version=build)


def _exporting(service: str, build: str) -> Exporting | None:
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
    from qwenedit_telemetry.exporting import Exporting  # noqa: PLC0415

    try:
        return Exporting(service=service, version=build, endpoint=endpoint)
    except (ValueError, OSError) as error:
        log.error("tracing.off", reason=str(error))  # noqa: TRY400 - the reason says it all
        return None


def _otlp(name: str) -> str:
    return os.environ.get(f"OTEL_EXPORTER_OTLP_TRACES_{name}") or os.environ.get(f"OTEL_EXPORTER_OTLP_{name}", "")


def _version(service: str) -> str:
    try:
        return version(f"qwenedit-{service}")
    except PackageNotFoundError:
        return "unknown"
