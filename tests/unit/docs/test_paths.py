"""Pages name tests and proofs that are there."""

from __future__ import annotations

import re

from qwenedit_testkit import ROOT

PATH = re.compile(r"\b(?:tests|proofs)(?:/[\w.-]*\w)+")


def test_tests_and_proofs_that_a_page_names_exist() -> None:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    named = [(page.relative_to(ROOT), path) for page in pages for path in PATH.findall(page.read_text())]
    assert [(str(page), path) for page, path in named if not (ROOT / path).exists()] == []
