"""Each warning and each error in the log stands on a page that says what helps."""

from __future__ import annotations

import re

from qwenedit_testkit import ROOT

PAGE = ROOT / "docs/log-lines.md"
LOGGED = re.compile(r'\b_?log\.(?:warning|error|exception|critical)\(\s*f?"([a-z0-9_.]+)"')
ROW = re.compile(r"^\| ((?:`[a-z0-9_.]+`(?:, )?)+) \|", re.MULTILINE)


def test_page_has_each_event_of_the_code_once():
    code = [
        path.read_text()
        for folder in ("services", "packages")
        for path in (ROOT / folder).glob("*/src/**/*.py")
        if "testkit" not in path.parts
    ]
    logged = {event for text in code for event in LOGGED.findall(text)}
    listed = [event for row in ROW.findall(PAGE.read_text()) for event in re.findall(r"`([^`]+)`", row)]
    assert sorted(listed) == sorted(logged)


def test_links_of_the_page_lead_somewhere():
    for link in re.findall(r"\]\(([^)#:]+)", PAGE.read_text()):
        assert (PAGE.parent / link).exists(), link
