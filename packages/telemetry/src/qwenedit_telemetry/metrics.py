"""Metrics: one Prometheus registry a service, with what its process uses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

JOB_BUCKETS = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)
"""Seconds; from a fast edit to the longest budget of one."""

_DESCRIPTORS = Path("/proc/self/fd")


def make_registry(*, service: str, version: str) -> CollectorRegistry:
    """Make the registry of a service: its process' memory, CPU, descriptors and sockets, and which build it is."""
    # A `_created` series beside each counter doubles the series and tells Prometheus nothing it uses.
    disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    if open_sockets() is not None:
        sockets = Gauge("qwenedit_process_open_sockets", "Open sockets of this process.", registry=registry)
        sockets.set_function(lambda: open_sockets() or 0)  # at each scrape: a leak of connections shows here first
    build = Gauge("qwenedit_build_info", "Always 1.", ("service", "version"), registry=registry)
    build.labels(service, version).set(1)
    return registry


def job_seconds(name: str, documentation: str, labels: Sequence[str] = (), *, registry: CollectorRegistry) -> Histogram:
    """Make a histogram of the seconds that a job, or a part of one, takes."""
    return Histogram(name, documentation, labels, buckets=JOB_BUCKETS, registry=registry)


def picture_calls(registry: CollectorRegistry) -> Callable[[str, str, float], None]:
    """Make the histogram of calls to a store of objects, which has no series where pictures lie in Redis.

    Returns:
        What takes a call's operation, outcome and seconds.
    """
    seconds = Histogram(
        "qwenedit_picture_store_call_seconds",
        "Calls to the object store.",
        ("operation", "outcome"),
        registry=registry,
    )

    def called(operation: str, outcome: str, took: float) -> None:
        seconds.labels(operation, outcome).observe(took)

    return called


def open_sockets() -> int | None:
    """Count this process' sockets; None if the system doesn't say."""
    if not _DESCRIPTORS.is_dir():  # Linux only
        return None
    count = 0
    for descriptor in os.listdir(_DESCRIPTORS):  # noqa: PTH208 - names alone are needed, at each scrape
        try:
            count += (_DESCRIPTORS / descriptor).readlink().as_posix().startswith("socket:")
        except FileNotFoundError:  # closed since the folder was read
            continue
    return count
