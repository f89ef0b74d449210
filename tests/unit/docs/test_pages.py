"""Pages are short enough to be read once, and what they name is there: files, functions, tests, links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwenedit_testkit import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "services/*/*.md", "simulators/*/*.md", "k8s/**/*.md", "charts/*/*.md")
    for page in ROOT.glob(pattern)
)
FOLDERS = ("packages", "services", "simulators", "tests", "proofs", "benchmarks", "charts")
LONGEST = 30
"""Words of a sentence."""
A_SCREEN = 45
"""Lines of a decision."""
NAMED = re.compile(r"\b(?:tests|proofs)(?:/[\w.-]*\w)+")
LINK = re.compile(r"""(?:\]\(|src="|^\[\w+\]: )(?!https?:)([^\s#)"]*)#?([^\s)"]*)""", re.MULTILINE)
DECISIONS = ROOT / "docs/decisions"
OF_DECISION = re.compile(r"`([\w./-]*(?:/|\.py|\.tpl|\.yaml|\.lua))`")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
STOP = re.compile(r"`(bot|worker|jobs):([\w/]+\.py)(?::(\w+))?`")
SOURCES = {
    "bot": ROOT / "services/bot/src/qwenedit_bot",
    "worker": ROOT / "services/worker/src/qwenedit_worker",
    "jobs": ROOT / "packages/jobs/src/qwenedit_jobs",
}


def written(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    titles = (
        re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title) for title in re.findall(r"^#+ (.+)$", written(page), re.MULTILINE)
    )
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_link_of_a_page_leads_somewhere() -> None:
    links = [
        (page, page.parent / path if path else page, anchor)
        for page in PAGES
        for path, anchor in LINK.findall(written(page))
    ]
    assert [(str(page), str(target)) for page, target, _ in links if not target.exists()] == []
    assert [
        (str(page), str(target), anchor) for page, target, anchor in links if anchor and anchor not in anchors(target)
    ] == []


def test_tests_and_proofs_that_a_page_names_exist() -> None:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    named = [(str(page), path) for page in pages for path in NAMED.findall(page.read_text())]
    assert [(page, path) for page, path in named if not (ROOT / path).exists()] == []


def test_decision_is_in_the_index_fits_a_screen_and_names_files_that_exist() -> None:
    index = (DECISIONS / "README.md").read_text()
    places = [str(path) for folder in (*FOLDERS, "docs") for path in (ROOT / folder, *(ROOT / folder).rglob("*"))]
    for page in sorted(DECISIONS.glob("0*.md")):
        text, number = page.read_text(), int(page.name[:4])
        assert f"| [{number}]({page.name}) | " in index
        assert text.startswith(f"# {number}. ")
        assert len(text.splitlines()) <= A_SCREEN, page.name
        named = OF_DECISION.findall(text.partition("**Files.**")[2])
        assert named or number < 5, page.name
        absent = [name for name in named if not any(place.endswith(f"/{name.rstrip('/')}") for place in places)]
        assert absent == [], page.name


def test_stop_of_a_walk_through_the_code_is_there() -> None:
    for place, file, function in STOP.findall(ARCHITECTURE):
        text = (SOURCES[place] / file).read_text()
        assert not function or re.search(rf"^ *(async )?def {function}\(", text, re.MULTILINE), (file, function)
