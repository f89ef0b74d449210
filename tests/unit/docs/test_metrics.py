"""The table of metrics says what the services show, no more and no less."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.metrics import MetricWrapperBase

from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_telemetry import make_registry
from qwenedit_worker.telemetry.metrics import Metrics as WorkerMetrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "metrics.md"
SERVICES = {"bot": BotMetrics, "worker": WorkerMetrics}


def labels_of(collector: Collector, metric: Metric) -> Iterable[str]:
    """Return a metric's labels: as declared, or, of one that is collected when asked for, as shown."""
    if isinstance(collector, MetricWrapperBase):
        return tuple(collector._labelnames)
    return sorted({label for sample in metric.samples for label in sample.labels})


def rows(registry: CollectorRegistry) -> set[str]:
    """Return a line of the table for each of the registry's metrics of ours."""
    found = set()
    for collector in registry._collector_to_names:
        for metric in collector.collect():
            labels = labels_of(collector, metric)
            if metric.name.startswith("qwenedit_"):
                name = f"{metric.name}_total" if metric.type == "counter" else metric.name
                listed = ", ".join(f"`{label}`" for label in labels)
                found.add(f"| `{name}` | {metric.type} | {listed} | {metric.documentation} |")
    return found


def shown(service: str) -> set[str]:
    registry = make_registry(service=service, version="1")
    SERVICES[service](registry)
    return rows(registry)


def documented(heading: str) -> list[str]:
    section = DOCUMENT.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


@pytest.mark.parametrize(("service", "heading"), [("bot", "The bot"), ("worker", "The worker")])
def test_metrics_of_a_service_are_those_documented(service, heading):
    table = documented(heading) + documented("Both")
    assert set(table) == shown(service)
    assert len(table) == len(set(table))


@pytest.mark.parametrize("service", SERVICES)
def test_names_follow_prometheus_practice(service):
    for row in shown(service):
        name, kind = (cell.strip(" `") for cell in row.split("|")[1:3])
        assert name.endswith("_total") == (kind == "counter"), row
        assert kind != "histogram" or name.endswith("_seconds"), row


@pytest.mark.parametrize("service", SERVICES)
def test_label_never_names_a_job_a_user_or_a_chat(service):
    registry = make_registry(service=service, version="1")
    metrics = SERVICES[service](registry)
    labels = {label for metric in vars(metrics).values() for label in getattr(metric, "_labelnames", ())}
    assert labels <= set(
        """
        by kind lanes method outcome place reader reason route stage state status what workflow
    """.split()
    )
