"""Each alert has a page that says what to do. It speaks of what exists, and so does the page on operations."""

from __future__ import annotations

import re

import yaml

from qwenedit_testkit import ROOT
from qwenedit_testkit.runbooks import FOLDER, pages
from tests.observability.chart import ALERTS, CHART
from tests.observability.grafana import FILES, panels, read
from tests.observability.metrics import NAME, shown

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
DOTTED = re.compile(r"`([a-z_]+(?:\.[a-z][A-Za-z_]*)+)[`:=]")
"""Log events and the chart's values look alike."""
ALERT_PAGES = pages()
PAGES = [*ALERT_PAGES, FOLDER / "README.md"]


def test_every_alert_has_a_page_and_every_page_an_alert():
    assert {page.stem for page in ALERT_PAGES} == set(ALERTS)


def test_index_lists_every_alert_with_its_severity_and_summary(rules):
    rows = dict(re.findall(r"^\| \[(\w+)\]\(\w+\.md\) \| (\w+) \|", (FOLDER / "README.md").read_text(), re.MULTILINE))
    assert rows == {
        one["alert"]: one["labels"]["severity"] for group in rules["groups"] for one in group["rules"] if "alert" in one
    }
    assert list(rows) == ALERTS


def test_page_speaks_of_what_exists(subtests):
    sources = (path for folder in ("services", "packages") for path in (ROOT / folder).glob("*/src/**/*.py"))
    code = "".join(path.read_text() for path in sources)
    logged = set(re.findall(r'(?:(?:log|_lines)\.\w+\(\s*|_(?:warn|refuse)\(|Error: )"([a-z_]+\.[a-z_]+)"', code))
    for page in PAGES:
        with subtests.test(page.stem):
            text = page.read_text()
            assert set(NAME.findall(text)) <= shown()
            for name in set(DOTTED.findall(text)) - logged:
                value = VALUES
                for key in name.partition(".pod.")[0].split("."):  # what is in `pod` is Kubernetes' own
                    assert key in value, f"{name} is no log event and no value"
                    value = value[key]


def test_operations_names_panels_and_metrics_that_exist():
    boards = [read(file.name) for file in FILES]
    known = {panel["title"] for board in boards for panel in panels(board)} | {board["title"] for board in boards}
    known |= {one["label"] for board in boards for one in board["templating"]["list"]}
    page = (ROOT / "docs/complaints-and-costs.md").read_text()
    named = set(re.findall(r"(?<!\*)\*([A-Za-z][^*\n]+)\*(?!\*)", page))
    assert named <= known
    assert len(named & known) > 3
    assert set(NAME.findall(page)) <= shown()
