"""Each alert has a page that says what to do, and speaks of what exists."""

from __future__ import annotations

import re

import pytest
import yaml

from proofs.dashboards.chart import ALERTS, CHART
from qwenedit_testkit import ROOT
from tests.observability.metrics import NAME, shown

FOLDER = ROOT / "docs/runbooks"
PARTS = ["What it means", "What users see", "How to find out", "What to do"]
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
DOTTED = re.compile(r"`([a-z_]+(?:\.[a-z][A-Za-z_]*)+)[`:]")
"""Log events and the chart's values look alike."""
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PAGES = sorted(FOLDER.glob("*.md"))


def parts(page):
    found = re.split(r"^## (.+)\n", page.read_text(), flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_every_alert_has_a_page_and_every_page_an_alert():
    assert {page.stem for page in PAGES} == {*ALERTS, "README"}


@pytest.mark.parametrize("alert", ALERTS)
def test_page_has_its_four_parts(alert):
    page = FOLDER / f"{alert}.md"
    assert page.read_text().startswith(f"# {alert}\n")
    assert list(parts(page)) == PARTS
    assert all(len(text.split()) >= 8 for text in parts(page).values())


def test_index_lists_every_alert_with_its_severity_and_summary(rules):
    rows = dict(re.findall(r"^\| \[(\w+)\]\(\w+\.md\) \| (\w+) \|", (FOLDER / "README.md").read_text(), re.MULTILINE))
    assert rows == {
        one["alert"]: one["labels"]["severity"] for group in rules["groups"] for one in group["rules"] if "alert" in one
    }
    assert list(rows) == ALERTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_speaks_of_what_exists(page):
    text = page.read_text()
    assert set(NAME.findall(text)) <= shown()
    for link in LINK.findall(text):
        assert (page.parent / link).exists(), link
    code = "".join(
        path.read_text() for folder in ("services", "packages") for path in (ROOT / folder).glob("*/src/**/*.py")
    )
    logged = set(re.findall(r'log\.\w+\(\s*"([a-z_]+\.[a-z_]+)"', code))
    for name in set(DOTTED.findall(text)) - logged:
        value = VALUES
        for key in name.split("."):
            assert key in value, f"{name} is no log event and no value"
            value = value[key]
