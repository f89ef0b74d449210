"""The page on operations leads to what exists."""

from __future__ import annotations

import re

import pytest

from qwenedit_testkit import ROOT
from tests.observability.grafana import FILES, panels, read
from tests.observability.metrics import NAME, shown

DOCS = ROOT / "docs"
PAGE = (DOCS / "operations.md").read_text()


def anchors(text):
    return {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("link", sorted(set(re.findall(r'(?:\]\(|src=")([^)"]+)', PAGE))))
def test_link_leads_somewhere(link):
    path, _, anchor = link.partition("#")
    target = DOCS / path if path else DOCS / "operations.md"
    assert target.exists()
    if anchor:
        assert anchor in anchors(target.read_text())


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
