"""Pages name tests and proofs that are there, and their links lead somewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from qwenedit_testkit import ROOT
from tests.unit.docs.test_sentences import PAGES

if TYPE_CHECKING:
    from pathlib import Path

PATH = re.compile(r"\b(?:tests|proofs)(?:/[\w.-]*\w)+")
LINK = re.compile(r"""(?:\]\(|src="|^\[\w+\]: )(?!https?:)([^\s#)"]*)#?([^\s)"]*)""", re.MULTILINE)


def written(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    titles = (
        re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title) for title in re.findall(r"^#+ (.+)$", written(page), re.MULTILINE)
    )
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_tests_and_proofs_that_a_page_names_exist() -> None:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    named = [(page.relative_to(ROOT), path) for page in pages for path in PATH.findall(page.read_text())]
    assert [(str(page), path) for page, path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = [(page.parent / path if path else page, anchor) for path, anchor in LINK.findall(written(page))]
    assert [str(target) for target, _ in links if not target.exists()] == []
    assert [(str(target), anchor) for target, anchor in links if anchor and anchor not in anchors(target)] == []
