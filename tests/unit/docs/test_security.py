"""Each row of the threat model has tests, and these exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
TABLES = [line[2:] for line in (ROOT / "SECURITY.md").read_text().splitlines() if line.startswith("| ")]
ROWS = [line for line in TABLES if not re.match(r"(credential|user|what|---) \|", line)]
TRUSTED = "people who can read Secrets"
"""Row about people whom no test can hold back."""
CLAIMS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "security_rows.yaml").read_text())


def test_row_of_the_threat_model_has_tests() -> None:
    held = {row: [claim for claim in CLAIMS if row.startswith(claim["row"])] for row in ROWS}
    assert all(claim["tests"] for claim in CLAIMS)
    assert [row for row, claims in held.items() if len(claims) != 1 and not row.startswith(TRUSTED)] == []
    assert [claim["row"] for claim in CLAIMS if [claim] not in held.values()] == [], "is no row"


def test_tests_of_a_row_exist() -> None:
    for path, _, name in (test.partition("::") for claim in CLAIMS for test in claim["tests"]):
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), (path, name)
