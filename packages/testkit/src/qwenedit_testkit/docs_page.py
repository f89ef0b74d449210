"""The page on ComfyUI, some of whose tables are made by scripts."""

from __future__ import annotations

import re

from qwenedit_testkit import ROOT
from qwenedit_testkit.programs import unable

PAGE = ROOT / "docs/comfyui.md"


def read(name: str) -> str:
    """Return the part between two marks; see `write`."""
    return _part(name)[0]


def rows(part: str) -> list[list[str]]:
    """Return the cells of all rows of a part's tables, their heads included, the lines below these left out."""
    lines = [line for line in part.splitlines() if line.startswith("|") and set(line) - set("| :-")]
    return [line.strip("| ").split(" | ") for line in lines]


def write(name: str, part: str) -> None:
    """Put a part between its marks, `<!-- NAME -->` and `<!-- /NAME -->`."""
    _old, (begin, end) = _part(name)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(f"{text[:begin]}{part}{text[end:]}", encoding="utf-8")


def _part(name: str) -> tuple[str, tuple[int, int]]:
    found = re.search(rf"(?<=<!-- {name} -->\n).*?(?=\n<!-- /{name} -->)", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    if not found:
        unable(f"{PAGE.name} has no marks <!-- {name} --> and <!-- /{name} -->")
    return found[0], found.span()
