"""Each decision is one short page that is in the index and names files that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs/decisions"
INDEX = (FOLDER / "README.md").read_text()
PAGES = sorted(FOLDER.glob("0*.md"))
A_SCREEN = 45
"""Lines of a page."""
TOPLEVEL = ("benchmarks", "charts", "docs", "packages", "proofs", "services", "simulators", "tests")
PLACES = [
    str(path)
    for folder in TOPLEVEL
    for path in (ROOT / folder, *(ROOT / folder).rglob("*"))
    if "__pycache__" not in path.parts
]
PATH = re.compile(r"`([\w./-]*(?:/|\.py|\.tpl|\.yaml|\.lua))`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_decision_is_in_the_index_and_fits_a_screen(page: Path) -> None:
    text = page.read_text()
    number, title = re.match(r"# (\d+)\. (.+)\n", text).groups()  # type: ignore[union-attr]
    assert page.name.startswith(f"{int(number):04}-")
    assert f"| [{number}]({page.name}) | " in INDEX, title
    assert len(text.splitlines()) <= A_SCREEN


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_decision_names_files_and_links_that_exist(page: Path) -> None:
    text = page.read_text()
    named = PATH.findall(text.partition("**Files.**")[2])
    assert [name for name in named if not any(place.endswith(f"/{name.rstrip('/')}") for place in PLACES)] == []
    assert [link for link in re.findall(r"\]\(([^)#:]+)", text) if not (FOLDER / link).exists()] == []
    assert named or int(page.name[:4]) < 5
