"""The name of a test begins with the noun that somebody would grep for, and not with an article or a pronoun."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).resolve().parents[2]
ARTICLES = {"a", "an", "the"}
PRONOUNS = set(
    """
    another any it its nothing one other others somebody something that there these they this those what
    whatever which who whoever whose
""".split()
)
PREPOSITIONS = set(
    """
    after at before by from if in of on to when where while with without
""".split()
)


def names_of_tests(source: str) -> Iterator[str]:
    """Yield the names of the tests of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name


def begins_badly(name: str) -> bool:
    return name.split("_")[1] in ARTICLES | PRONOUNS | PREPOSITIONS


def test_name_of_a_test_begins_with_a_noun() -> None:
    named = {path: filter(begins_badly, names_of_tests(path.read_text())) for path in TESTS.rglob("test_*.py")}
    assert {str(path.relative_to(TESTS)): bad for path, names in named.items() if (bad := list(names))} == {}
