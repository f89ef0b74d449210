"""The page on ComfyUI, some of whose tables are made by scripts."""

from __future__ import annotations

import re

from qwenedit_testkit.repository import ROOT

PAGE = ROOT / "docs/comfyui.md"


def write(name: str, part: str) -> None:
    """Put a part between its marks, `<!-- NAME -->` and `<!-- /NAME -->`.

    Raises:
        SystemExit: the page has no such marks.
    """
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
    text = PAGE.read_text(encoding="utf-8")
    if not pattern.search(text):
        raise SystemExit(f"{PAGE.name} has no marks <!-- {name} --> and <!-- /{name} -->")
    PAGE.write_text(pattern.sub(lambda found: f"{found[1]}{part}{found[2]}", text), encoding="utf-8")
