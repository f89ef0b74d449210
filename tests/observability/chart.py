"""The chart with all of its monitoring, as an installation gets it."""

from __future__ import annotations

from typing import Any

import helm_python
import yaml

from qwenedit_testkit import ROOT
from tests.chart.goldens import manifests_in

CHART = ROOT / "charts/qwenedit"
NAMESPACE = "photos"
RELEASE = "edit"
ALERTS: list[str] = [alert["name"] for alert in yaml.safe_load((CHART / "alerts.yaml").read_text())["alerts"]]

Manifest = dict[str, Any]


def monitored(monitoring: dict[str, Any] | None = None, **values: Any) -> list[Manifest]:
    """Render it; takes values for `monitoring`, and others."""
    wanted = {key: {"enabled": True} for key in ("podMonitor", "alerts", "dashboards")}
    for key, value in (monitoring or {}).items():
        wanted[key] = {**wanted.get(key, {}), **value}
    with helm_python.Chart.load(CHART) as chart:
        policy: Manifest = {"metricsFrom": [{"namespaceSelector": {}}]}
        token = {"token": {"existingSecret": "telegram"}}
        everything = {"bot": token, "monitoring": wanted, "networkPolicy": policy, **values}
        chart.validate_schema(everything)
        files = chart.render(everything, name=RELEASE, namespace=NAMESPACE)
    return manifests_in(files)


def rule_file(manifests: list[Manifest]) -> Manifest:
    """Return what the PrometheusRule holds, which is what a rule file of Prometheus holds."""
    (found,) = (one for one in manifests if one["kind"] == "PrometheusRule")
    groups: Manifest = found["spec"]
    return groups
