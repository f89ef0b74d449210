"""What the services show to Prometheus, by the names that PromQL knows."""

from __future__ import annotations

import re

from qwenedit_bot.common.metrics import BotMetrics
from qwenedit_telemetry import make_registry
from qwenedit_worker.telemetry.metrics import Metrics as WorkerMetrics

NAME = re.compile(r"\bqwenedit_[a-z0-9_]+\b")
_SAMPLES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",), "info": ("_info",)}


def shown() -> set[str]:
    """Return the names of all series of bot and worker, those of their processes included."""
    names = set()
    for service, metrics in (("bot", BotMetrics), ("worker", WorkerMetrics)):
        registry = make_registry(service=service, version="1")
        metrics(registry)
        for metric in registry.collect():
            names |= {metric.name + ending for ending in _SAMPLES[metric.type]}
    return names
