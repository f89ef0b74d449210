"""Pages are short enough to be read once, and what they name is there: files, functions, tests, links."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from qwenedit_testkit import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "services/*/*.md", "simulators/*/*.md", "k8s/**/*.md", "charts/*/*.md")
    for page in ROOT.glob(pattern)
)
FOLDERS = ("packages", "services", "simulators", "tests", "proofs", "benchmarks", "charts")
MODULES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
LONGEST = 30
"""Words of a sentence."""
A_SCREEN = 45
"""Lines of a decision."""
MOST_FILES = 5
"""Of a change that the page on architecture describes."""
ITEM = re.compile(r"^(#+|[-*]|\d+\.|>) ")
DRAWING = re.compile("[├└│]")
NAMED = re.compile(r"\b(?:tests|proofs)(?:/[\w.-]*\w)+")
LINK = re.compile(r"""(?:\]\(|src="|^\[\w+\]: )(?!https?:)([^\s#)"]*)#?([^\s)"]*)""", re.MULTILINE)
DECISIONS = ROOT / "docs/decisions"
OF_DECISION = re.compile(r"`([\w./-]*(?:/|\.py|\.tpl|\.yaml|\.lua))`")
ARCHITECTURE = (ROOT / "docs/architecture.md").read_text()
STOP = re.compile(r"`(bot|worker|jobs):([\w/]+\.py)(?::(\w+))?`")
OF_CHANGE = re.compile(r"`((?:(?:bot|worker|jobs):)?[\w*/-]*[/.][\w*./-]*)`")
SOURCES = {
    "bot": ROOT / "services/bot/src/qwenedit_bot",
    "worker": ROOT / "services/worker/src/qwenedit_worker",
    "jobs": ROOT / "packages/jobs/src/qwenedit_jobs",
}


def sentences(text: str) -> Iterator[str]:
    """Split Markdown into sentences: at `.`, `!` and `?`, and at the ends of paragraphs, items and cells.

    Code counts as one word, a link as its text. Blocks of code and drawings hold no sentences.
    """
    text = re.sub(r"```.*?```|<!--.*?-->", "\n\n", text, flags=re.DOTALL)
    text = re.sub(r"`[^`]*`", "code", re.sub(r"<[^>]*>", " ", text))
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    for paragraph in re.split(r"\n\s*\n", text):
        if DRAWING.search(paragraph):
            continue
        for block in re.split(r"\n(?=\s*(?:[#>*-]|\d+\. ))|\|", paragraph):
            plain = ITEM.sub("", " ".join(block.split()), count=1)
            yield from re.split(r"(?<=[.!?:])[)*_\"”]*\s+(?=[A-ZÀ-Я\d*\"“(]|code)|\n", plain)


def written(page: Path) -> str:
    """Return a page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    titles = (
        re.sub(r"\[(.*?)\]\(.*?\)", r"\1", title) for title in re.findall(r"^#+ (.+)$", written(page), re.MULTILINE)
    )
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_sentence_has_at_most_30_words() -> None:
    docstrings = {path: ast.get_docstring(ast.parse(path.read_text())) or "" for path in MODULES}
    texts = docstrings | {page: page.read_text() for page in PAGES}
    long = [
        (str(path), each) for path, text in texts.items() for each in sentences(text) if len(each.split()) > LONGEST
    ]
    assert long == []
    silent = [path for path, said in docstrings.items() if "src" in path.relative_to(ROOT).parts and not said]
    assert silent == [], "a module of the product says what it is for"


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


def test_change_names_few_files_and_its_checks_and_all_are_there() -> None:
    rows = [line for line in ARCHITECTURE.partition("I want to … →")[2].splitlines() if line.startswith("| a")]
    rows += [line for line in ARCHITECTURE.splitlines() if line.startswith("| what the bot does about")]
    assert rows
    for row in rows:
        _, files, checks = row.split(" | ")
        changed = [path for path in OF_CHANGE.findall(files) if not path.startswith(".")]
        assert 1 <= len(changed) - files.count("` or `") <= MOST_FILES, row
        checked = OF_CHANGE.findall(checks)
        assert checked, row
        for path in (*changed, *checked):
            place, _, rest = path.rpartition(":")
            assert list(SOURCES.get(place, ROOT).glob(rest)), path
