"""The page on operations leads to what exists."""

from __future__ import annotations

import re

from qwenedit_testkit import ROOT
from tests.observability.grafana import FILES, panels, read
from tests.observability.metrics import NAME, shown

PAGE = (ROOT / "docs/operations.md").read_text()


def test_every_panel_and_dashboard_that_is_named_exists():
    boards = [read(file.name) for file in FILES]
    known = {panel["title"] for board in boards for panel in panels(board)} | {board["title"] for board in boards}
    known |= {one["label"] for board in boards for one in board["templating"]["list"]}
    grafana = {"Logs for this span", "Related metrics", "Open the trace"}
    named = set(re.findall(r"(?<!\*)\*([A-Za-z][^*\n]+)\*(?!\*)", PAGE))
    assert named <= known | grafana
    assert len(named - grafana) > 3


def test_every_metric_that_is_named_exists():
    assert set(NAME.findall(PAGE)) <= shown()
