"""A dashboard as Grafana would ask it: its panels, their queries, and its variables filled in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.observability.chart import CHART

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Dashboard = dict[str, Any]

FILES = sorted((CHART / "dashboards").glob("*.json"))
ANY = {"namespace": "photos", "job": ".+", "instance": ".+"}
"""What the variables that all dashboards share are filled with."""
TIMES = {"__rate_interval": "4m", "__interval": "1m", "__range": "3h"}
_VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}")


def read(name: str) -> Dashboard:
    """Return a dashboard by its file's name."""
    found: Dashboard = json.loads((CHART / "dashboards" / name).read_text())
    return found


def panels(dashboard: Dashboard) -> list[Dashboard]:
    """Return all panels but the rows' headings."""
    return [one for one in dashboard["panels"] if one["type"] != "row"]


def variables(dashboard: Dashboard) -> dict[str, Dashboard]:
    """Return the variables by name."""
    return {one["name"]: one for one in dashboard["templating"]["list"]}


def queries(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """Yield panel title and PromQL of each query to Prometheus, variables and all."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            if target["datasource"]["type"] == "prometheus":
                yield panel["title"], target["expr"]


def filled(expression: str, dashboard: Dashboard, values: Mapping[str, str] | None = None) -> str:
    """Put values in the place of variables, as Grafana does.

    Raises:
        KeyError: there is no such variable.
    """
    chosen = {
        one["name"]: one["current"]["value"] for one in dashboard["templating"]["list"] if one["type"] == "custom"
    }
    known = {**ANY, **TIMES, **chosen, **(values or {})}
    return _VARIABLE.sub(lambda found: known[found[1] or found[2]], expression)
