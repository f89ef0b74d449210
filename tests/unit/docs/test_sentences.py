"""Sentences in the README, in the documentation and in module docstrings are short enough to be read once."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 30
"""Words of a sentence."""
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "services/*/*.md", "simulators/*/*.md", "k8s/**/*.md", "charts/*/*.md")
    for page in ROOT.glob(pattern)
)
MODULES = sorted(
    path
    for folder in (
        ROOT / name for name in ("packages", "services", "simulators", "tests", "proofs", "benchmarks", "charts")
    )
    for path in folder.rglob("*.py")
)
ITEM = re.compile(r"^(#+|[-*]|\d+\.|>) ")
DRAWING = re.compile("[├└│]")


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


@cache
def docstring(module: Path) -> str:
    return ast.get_docstring(ast.parse(module.read_text())) or ""


def too_long(text: str) -> list[str]:
    return [sentence for sentence in sentences(text) if len(sentence.split()) > LONGEST]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_sentence_of_a_page_has_at_most_30_words(page: Path) -> None:
    assert too_long(page.read_text()) == []


def test_sentence_of_a_module_docstring_has_at_most_30_words() -> None:
    assert {str(path): found for path in MODULES if (found := too_long(docstring(path)))} == {}


def test_module_of_the_product_says_what_it_is_for() -> None:
    product = [path for path in MODULES if "src" in path.relative_to(ROOT).parts]
    assert [str(path) for path in product if not docstring(path)] == []
