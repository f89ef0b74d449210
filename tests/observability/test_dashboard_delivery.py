"""Dashboards reach Grafana, and each other."""

from __future__ import annotations

import re

from qwenedit_testkit import ROOT
from tests.observability.chart import monitored
from tests.observability.grafana import FILES, panels, read


def test_each_dashboard_is_in_a_config_map_that_grafanas_sidecar_finds():
    values = {"dashboards": {"annotations": {"grafana_folder": "Photos"}}}
    maps = [one for one in monitored(values) if one["metadata"]["labels"].get("grafana_dashboard") == "1"]
    assert {name for one in maps for name in one["data"]} == {f"qwenedit-{file.name}" for file in FILES}
    assert all(one["metadata"]["annotations"] == {"grafana_folder": "Photos"} for one in maps)
    assert all(len(text) < 1 << 20 for one in maps for text in one["data"].values())


def test_dashboards_are_what_the_files_say(dashboards):
    assert dashboards == {f"qwenedit-{file.name}": read(file.name) for file in FILES}


def test_every_panel_that_a_runbook_names_exists():
    titles = {panel["title"] for file in FILES for panel in panels(read(file.name))}
    for page in (ROOT / "docs/runbooks").glob("*.md"):
        named = set(re.findall(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)", page.read_text()))
        assert named <= titles, page.name
