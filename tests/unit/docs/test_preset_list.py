"""The page of presets shows those that come with the bot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qwenedit_bot.presets import catalogue as presets

ROOT = Path(__file__).resolve().parents[3]


def test_page_of_presets_is_made_from_the_presets() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "services/bot/preset_list.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_pages_say_how_many_presets_there_are() -> None:
    shipped = presets.read(presets.shipped())
    size, categories = shipped.size, len(shipped.categories)
    table = (ROOT / "docs/presets.md").read_text()
    assert f"{size} come with it, in {categories} categories." in table
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ") and line.count("|") == 4]
    counts = [int(cells[3]) for cells in rows if cells[3].strip().isdecimal()]
    assert sum(counts) == size
    assert f"has {size} of them in {categories} categories" in (ROOT / "docs/walkthrough.md").read_text()
