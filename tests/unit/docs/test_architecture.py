"""The walks through the code and the table of changes name files and functions that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLACES = {
    "bot": ROOT / "services/bot/src/qwenedit_bot",
    "worker": ROOT / "services/worker/src/qwenedit_worker",
    "jobs": ROOT / "packages/jobs/src/qwenedit_jobs",
}
PAGE = (ROOT / "docs/architecture.md").read_text()
STOPS = re.findall(r"`(bot|worker|jobs):([\w/]+\.py)(?::(\w+))?`", PAGE)
CHANGES = [line.split(" | ") for line in PAGE.partition("I want to … →")[2].splitlines() if line.startswith("| a")]
CHANGES += [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| what the bot does about")]
PATH = re.compile(r"`((?:(?:bot|worker|jobs):)?[\w*/-]*[/.][\w*./-]*)`")
MOST_FILES = 5


@pytest.mark.parametrize(("place", "file", "function"), STOPS)
def test_stop_of_a_walk_is_there(place: str, file: str, function: str) -> None:
    text = (PLACES[place] / file).read_text()
    assert not function or re.search(rf"^ *(async )?def {function}\(", text, re.MULTILINE)


def found(path: str) -> list[Path]:
    place, _, rest = path.rpartition(":")
    return list(PLACES.get(place, ROOT).glob(rest))


@pytest.mark.parametrize("row", CHANGES, ids=lambda row: row[0].strip("| "))
def test_change_names_few_files_and_its_checks_and_all_are_there(row: list[str]) -> None:
    _, files, checks = row
    changed = [path for path in PATH.findall(files) if not path.startswith(".")]
    assert 1 <= len(changed) - files.count("` or `") <= MOST_FILES
    assert [path for path in (*changed, *PATH.findall(checks)) if not found(path)] == []
    assert PATH.findall(checks)
