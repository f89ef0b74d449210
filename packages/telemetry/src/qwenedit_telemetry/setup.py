"""The one call with which a service sets up its telemetry."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from qwenedit_telemetry import tracing
from qwenedit_telemetry.exporting import make_exporting
from qwenedit_telemetry.logs import configure_logging
from qwenedit_telemetry.metrics import make_registry
from qwenedit_telemetry.probes import Check, ProbeServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client import CollectorRegistry

    from qwenedit_telemetry.span_exporter import Exporting


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
    exporting = make_exporting(service, build)
    tracing.use(exporting.tracer if exporting else None)
    return Telemetry(registry=make_registry(service=service, version=build), exporting=exporting, version=build)


def _version(service: str) -> str:
    try:
        return version(f"qwenedit-{service}")
    except PackageNotFoundError:
        return "unknown"
