"""Each alert has a page that says what to do, and speaks of what exists."""

from __future__ import annotations

import re
import subprocess

import pytest
import yaml

from qwenedit_testkit import ROOT
from qwenedit_testkit.runbooks import FOLDER, commands, pages, rows
from tests.observability.chart import ALERTS, CHART, NAMESPACE, RELEASE
from tests.observability.metrics import NAME, shown
from tests.observability.shell_commands import checked, reading

VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
DOTTED = re.compile(r"`([a-z_]+(?:\.[a-z][A-Za-z_]*)+)[`:=]")
"""Log events and the chart's values look alike."""
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
PAGES = pages()


def test_every_alert_has_a_page_and_every_page_an_alert():
    assert {page.stem for page in PAGES} == set(ALERTS)


def test_index_lists_every_alert_with_its_severity_and_summary(rules):
    rows = dict(re.findall(r"^\| \[(\w+)\]\(\w+\.md\) \| (\w+) \|", (FOLDER / "README.md").read_text(), re.MULTILINE))
    assert rows == {
        one["alert"]: one["labels"]["severity"] for group in rules["groups"] for one in group["rules"] if "alert" in one
    }
    assert list(rows) == ALERTS


@pytest.mark.parametrize("page", [*PAGES, FOLDER / "README.md"], ids=lambda page: page.stem)
def test_page_speaks_of_what_exists(page):
    text = page.read_text()
    assert set(NAME.findall(text)) <= shown()
    for link in LINK.findall(text):
        assert (page.parent / link).exists(), link
    code = "".join(
        path.read_text() for folder in ("services", "packages") for path in (ROOT / folder).glob("*/src/**/*.py")
    )
    logged = set(re.findall(r'(?:(?:log|_lines)\.\w+\(\s*|_(?:warn|refuse)\(|Error: )"([a-z_]+\.[a-z_]+)"', code))
    for name in set(DOTTED.findall(text)) - logged:
        value = VALUES
        for key in name.partition(".pod.")[0].split("."):  # what is in `pod` is Kubernetes' own
            assert key in value, f"{name} is no log event and no value"
            value = value[key]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_fits_on_a_screen_and_its_rows_have_three_cells(page):
    assert len(page.read_text().splitlines()) <= 60
    assert all(row.remedy or row.seen for row in rows(page))


@pytest.fixture(scope="module")
def product():
    return reading(NAMESPACE, RELEASE)


@pytest.mark.parametrize("page", [*PAGES, FOLDER / "README.md"], ids=lambda page: page.stem)
def test_commands_are_well_formed_and_name_what_the_chart_makes(page, product):
    found = commands(page)
    assert found
    typed = "\n".join(command.text for command in found)
    done = subprocess.run(["/bin/bash", "-n"], input=typed, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    for command in found:
        checked(command, product)
