"""The walks through the code name files and functions that are there."""

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
MOST_STOPS = 12


@pytest.mark.parametrize(("place", "file", "function"), STOPS)
def test_stop_of_a_walk_is_there(place: str, file: str, function: str) -> None:
    text = (PLACES[place] / file).read_text()
    assert not function or re.search(rf"^ *(async )?def {function}\(", text, re.MULTILINE)


def test_each_walk_is_short() -> None:
    walks = [section for section in PAGE.split("\n## ")[1:] if re.search(r"^1\. ", section, re.MULTILINE)]
    assert len(walks) == 3
    assert all(len(re.findall(r"^\d+\. ", walk, re.MULTILINE)) <= MOST_STOPS for walk in walks)
