"""Each row of the threat model names its tests, and these exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TABLES = [line for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")]
ROWS = [line for line in TABLES if not re.match(r"\| (credential|user|what|---) ", line)]
TRUSTED = ("who may read Secrets",)
"""Rows about those whom nothing holds."""
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_row_of_the_threat_model_has_tests_that_exist(row: str) -> None:
    named = TEST.findall(row)
    assert named or row.startswith(tuple(f"| {who}" for who in TRUSTED))
    for path, name in named:
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), (path, name)
