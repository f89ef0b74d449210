"""The page on logs has every line that somebody on call may look up."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from qwenedit_testkit import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = ROOT / "docs/logs.md"
ROW = re.compile(r"^\| ((?:`[a-z_0-9]+\.[a-z_0-9]+`(?:, )?)+) \|", re.MULTILINE)
EVENT = re.compile(r"[a-z_0-9]+\.[a-z_0-9]+")
LOUD = {"warning", "error", "exception", "critical"}


def logged() -> Iterator[tuple[str, str]]:
    """Find each event and level that the product logs, as far as the level is written beside it."""
    for path in ROOT.glob("*/*/src/**/*.py"):
        if path.relative_to(ROOT).parts[1] != "testkit" and path.relative_to(ROOT).parts[0] in {"services", "packages"}:
            for node in ast.walk(ast.parse(path.read_text())):
                match node:
                    case ast.Call(
                        func=ast.Attribute(attr="info" | "warning" | "error" | "exception" | "critical" as level),
                        args=[ast.Constant(value=str(event)), *_],
                    ) if EVENT.fullmatch(event):
                        yield event, level
                    case ast.Call(args=[ast.Constant(value=str(event)), *_]) if EVENT.fullmatch(event):
                        yield event, "by outcome"
                    case ast.Dict(values=values):  # a table of events
                        for value in values:
                            match value:
                                case ast.Constant(value=str(event)) if EVENT.fullmatch(event):
                                    yield event, "by outcome"


def test_page_on_logs_has_each_warning_and_error_and_nothing_else() -> None:
    levels: dict[str, set[str]] = {}
    for event, level in logged():
        levels.setdefault(event, set()).add(level)
    rows = [event for cell in ROW.findall(PAGE.read_text()) for event in cell.replace("`", "").split(", ")]
    assert {event for event, found in levels.items() if found & LOUD} - set(rows) == set(), "is on no page"
    assert set(rows) - set(levels) == set(), "is no line"
    assert len(rows) == len(set(rows))
