"""Keep docs/preset-list.md equal to the presets that come with the bot.

python services/bot/preset_list.py            write it
python services/bot/preset_list.py --check    fail when it is an old one
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_bot.presets import catalogue as presets

if TYPE_CHECKING:
    from qwenedit_bot.presets.catalogue import Category, Preset

PAGE = Path(__file__).parents[2] / "docs/preset-list.md"
HEAD = """\
# The presets that come with the bot

<!-- Made by services/bot/preset_list.py from presets.yaml: make presets -->

{size} presets in {count} categories, in the order in which the bot offers them. The last column is what the model is
told beside the user's photo. A preset with several photos says what each of them shows. [Presets](presets.md) says how
to replace them with your own.
"""


def page() -> str:
    """Return the page."""
    catalogue = presets.read(presets.shipped())
    head = HEAD.format(size=catalogue.size, count=len(catalogue.categories))
    return "\n".join([head, *map(_section, catalogue.categories)])


def _section(category: Category) -> str:
    title = f"## {category.name['en']} · {category.name['ru']}"
    rows = ["| English | Russian | photos | what the model is told |", "| --- | --- | --- | --- |"]
    return "\n".join([title, "", *rows, *map(_row, category.presets), ""])


def _row(preset: Preset) -> str:
    photos = ", ".join(f"{number}: {shows['en']}" for number, shows in enumerate(preset.asks, 1)) or "1"
    return f"| {preset.name['en']} | {preset.name['ru']} | {photos} | `{preset.prompt}` |"


def main() -> None:
    """Write or check the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, fail when the page is an old one")
    if not parser.parse_args().check:
        PAGE.write_text(page())
    elif not PAGE.exists() or PAGE.read_text() != page():
        raise SystemExit("docs/preset-list.md is made from older presets; run make presets")


if __name__ == "__main__":
    main()
