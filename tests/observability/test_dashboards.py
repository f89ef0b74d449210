"""Dashboards ask for what exists, explain themselves, and keep the rules of Grafana's own dashboard-linter.

The linter is a program in Go; its rules are stated again here, under its names for them, so that they hold without Go.
"""

from __future__ import annotations

import re

import pytest
from promql_parser import parse_duration

from qwenedit_testkit import ROOT
from tests.observability.grafana import ANY, FILES, TIMES, filled, panels, queries, read, variables
from tests.observability.metrics import shown
from tests.observability.promql import selectors

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


def test_variables_ask_for_labels_of_metrics_that_exist(dashboard):
    """template-label-promql-rule."""
    for one in variables(dashboard).values():
        if one["type"] == "query":
            asked_for = re.fullmatch(r"label_values\((.+), \w+\)", one["query"])
            assert asked_for
            assert {selector.name for selector in selectors(filled(asked_for[1], dashboard))} <= shown()


def test_links_to_runbooks_lead_to_pages(dashboard):
    links = [link["url"] for panel in panels(dashboard) for link in panel.get("links", [])]
    links += [link["url"] for link in dashboard["links"] if link["type"] == "link"]
    assert links
    for link in links:
        assert link.startswith(f"{RUNBOOKS}/"), link
        assert (ROOT / "docs/runbooks" / link.removeprefix(f"{RUNBOOKS}/")).is_file(), link
