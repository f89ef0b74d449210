"""Dashboards ask for what exists, explain themselves, and keep the rules of Grafana's own dashboard-linter.

The linter is a program in Go; its rules are stated again here, under its names for them, so that they hold without Go.
"""

from __future__ import annotations

import re

import pytest
from promql_parser import parse_duration

from proofs.dashboards.grafana import ANY, FILES, TIMES, filled, panels, queries, read, variables
from qwenedit_testkit import ROOT
from tests.observability.metrics import shown
from tests.observability.promql import selectors

UNITS = {"s", "short", "percent", "bytes", "cpm", "bool", "none"}
"""Those of Grafana's that we use."""
DRAWN = {"stat", "gauge", "timeseries", "table", "bargauge", "heatmap"}
"""Panels that show numbers."""
RATE_SECONDS = parse_duration(TIMES["__rate_interval"]).total_seconds()
RUNBOOKS = "https://github.com/qwenedit/qwenedit/blob/main/docs/runbooks"

pytestmark = pytest.mark.parametrize(
    "dashboard", [read(file.name) for file in FILES], ids=[file.stem for file in FILES]
)


def asked(dashboard):
    return [
        (title, selector)
        for title, expression in queries(dashboard)
        for selector in selectors(filled(expression, dashboard))
    ]


def test_every_query_is_promql_of_metrics_that_exist(dashboard):
    """target-promql-rule, and more."""
    known = shown()
    for title, selector in asked(dashboard):
        assert selector.name in known, title


def test_every_query_is_of_the_chosen_namespace_jobs_and_instances(dashboard):
    """target-job-rule, target-instance-rule."""
    wanted = {f'namespace="{ANY["namespace"]}"', f'job=~"{ANY["job"]}"', f'instance=~"{ANY["instance"]}"'}
    for title, selector in asked(dashboard):
        assert selector.matchers >= wanted, title


def test_rates_are_over_what_grafana_deems_long_enough(dashboard):
    """target-rate-interval-rule."""
    for title, selector in asked(dashboard):
        if selector.function in {"rate", "irate"}:
            assert selector.seconds == RATE_SECONDS, title


def test_counters_are_asked_for_their_increase(dashboard):
    """target-counter-agg-rule."""
    for title, selector in asked(dashboard):
        if selector.name.endswith(("_total", "_count", "_sum", "_bucket")):
            assert selector.function in {"rate", "increase"}, title


def test_variables_choose_data_sources_namespace_jobs_and_instances(dashboard):
    """template-datasource-rule, template-job-rule, template-instance-rule, template-on-time-change-reload-rule."""
    found = variables(dashboard)
    sources = {name: one for name, one in found.items() if one["type"] == "datasource"}
    assert next(iter(found)) == "prometheus_datasource"
    for name, one in sources.items():
        assert (name, one["label"]) == (f"{one['query']}_datasource", f"{one['query'].title()} data source")
    for name in ("job", "instance"):
        one = found[name]
        assert (one["label"], one["multi"], one["allValue"]) == (name.title(), True, ".+")
    for one in found.values():
        if one["type"] == "query":
            assert one["datasource"]["uid"] == "${prometheus_datasource}"
            assert one["refresh"] == 2  # when the time range changes


def test_variables_ask_for_labels_of_metrics_that_exist(dashboard):
    """template-label-promql-rule."""
    for one in variables(dashboard).values():
        if one["type"] == "query":
            asked_for = re.fullmatch(r"label_values\((.+), \w+\)", one["query"])
            assert asked_for
            assert {selector.name for selector in selectors(filled(asked_for[1], dashboard))} <= shown()


def test_every_panel_has_a_title_a_description_a_unit_and_a_chosen_data_source(dashboard):
    """panel-title-description-rule, panel-units-rule, panel-no-targets-rule, panel-datasource-rule."""
    sources = {f"${{{name}}}" for name, one in variables(dashboard).items() if one["type"] == "datasource"}
    for panel in panels(dashboard):
        assert panel["title"]
        if panel["type"] == "text":
            continue
        assert len(panel["description"]) > 15, panel["title"]
        assert panel["datasource"]["uid"] in sources, panel["title"]
        assert all(target["datasource"]["uid"] in sources for target in panel.get("targets", []))
        if panel["type"] in DRAWN:
            assert panel["targets"], panel["title"]
            assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]


def test_stats_are_judged(dashboard):
    for panel in panels(dashboard):
        if panel["type"] == "stat":
            defaults = panel["fieldConfig"]["defaults"]
            assert defaults["thresholds"]["steps"] or defaults["mappings"], panel["title"]


def test_dashboard_is_not_edited_in_place(dashboard):
    """uneditable-dashboard: the next upgrade would undo it."""
    assert dashboard["editable"] is False


def test_panels_lie_side_by_side_and_no_two_on_each_other(dashboard):
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert all(x < 24 for x, _ in cells), panel["title"]
        taken |= cells
    identities = [panel["id"] for panel in dashboard["panels"]]
    assert len(identities) == len(set(identities))


def test_links_to_runbooks_lead_to_pages(dashboard):
    links = [link["url"] for panel in panels(dashboard) for link in panel.get("links", [])]
    links += [link["url"] for link in dashboard["links"] if link["type"] == "link"]
    assert links
    for link in links:
        assert link.startswith(f"{RUNBOOKS}/"), link
        assert (ROOT / "docs/runbooks" / link.removeprefix(f"{RUNBOOKS}/")).is_file(), link


def test_time_series_of_histograms_show_exemplars(dashboard):
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            if "histogram_quantile" in target.get("expr", "") or panel["type"] == "heatmap":
                assert target["exemplar"] is True, panel["title"]
