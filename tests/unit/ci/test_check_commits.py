"""The check of commit messages that CI runs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location(
    "check_commits", Path(__file__).resolve().parents[3] / ".ci" / "check_commits.py"
)
assert SPEC is not None
assert SPEC.loader is not None
check_commits = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_commits)


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        ("Worker: drop prefetch of the next job's photos\n\nIt saved 3 ms a job.", 400),
        ("Bot, jobs: name a key once", 12),
        ("E2E: watch pods", 0),
    ],
)
def test_commit_with_a_part_and_a_reason_passes(message: str, lines: int) -> None:
    assert check_commits.complaints(message, lines) == []


@pytest.mark.parametrize(
    ("message", "lines", "complaint"),
    [
        ("Drop prefetch of the next job's photos", 1, "Part: change"),
        ("docs: list the limits", 1, "Part: change"),
        ("Docs: list the limits.", 1, "Part: change"),
        (f"Docs: {'x' * 67}", 1, "73 characters"),
        ("Docs: list the limits\nand more", 1, "empty line"),
        ("Docs: list the limits", 31, "no body"),
        ("", 0, "Part: change"),
    ],
)
def test_commit_is_told_what_it_lacks(message: str, lines: int, complaint: str) -> None:
    (found,) = check_commits.complaints(message, lines)
    assert complaint in found
