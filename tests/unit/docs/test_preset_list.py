"""The page of presets shows those that come with the bot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_page_of_presets_is_made_from_the_presets() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "services/bot/preset_list.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
