"""Reads the commands and tables of the runbooks, so that tests hold them to the product."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_testkit import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = ROOT / "docs/runbooks"
PLACEHOLDER = re.compile(r"\b(CHART|ENTRY|FILE|JOB|KEY|KIND|NODE|NUMBER|PATTERN|POD|REVISION|SIZE|TOKEN|TWICE|WORD)\b")
"""Words of a command that its reader replaces; docs/runbooks/README.md says by what."""

_PART = re.compile(r"^## (.+)\n", re.MULTILINE)
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:kubectl|helm) [^`]+)`")
_SECTION = re.compile(r"^### (.+)\n", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Command:
    """One command line of a page."""

    page: str
    part: str
    """Heading that it stands under."""
    section: str
    """Smaller heading below that; empty above the first."""
    text: str
    """Word for word, pipes included."""

    @property
    def placeholders(self) -> frozenset[str]:
        """Return what its reader replaces."""
        return frozenset(PLACEHOLDER.findall(self.text))

    def filled(self, words: dict[str, str]) -> str:
        """Return it as its reader types it.

        Raises:
            KeyError: there is no word for a placeholder.
        """
        return PLACEHOLDER.sub(lambda found: words[found[0]], self.text)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a page's table of causes."""

    page: str
    seen: str
    cause: str
    remedy: str

    @property
    def signs(self) -> list[str]:
        """Return the words that a command prints."""
        return _CODE.findall(self.seen)


def pages() -> list[Path]:
    """Return the pages on alerts, by name."""
    return sorted(page for page in FOLDER.glob("*.md") if page.stem != "README")


def parts(page: Path) -> dict[str, str]:
    """Return the text below each heading of a page."""
    found = _PART.split(page.read_text(encoding="utf-8"))
    return dict(zip(found[1::2], found[2::2], strict=True))


def commands(page: Path) -> list[Command]:
    """Return a page's commands, from top to bottom: those of code blocks, and those within sentences and tables."""
    found = []
    for part, text in parts(page).items():
        at = [(match.start(), match[1].splitlines()) for match in _BLOCK.finditer(text)]
        at += [(match.start(), [match[1]]) for match in _INLINE.finditer(_BLOCK.sub(_blank, text))]
        headings = [(match.start(), match[1]) for match in _SECTION.finditer(text)]
        for start, lines in sorted(at):
            section = next((name for begin, name in reversed(headings) if begin < start), "")
            found += [Command(page.stem, part, section, line) for line in lines]
    return found


def rows(page: Path) -> list[Row]:
    """Return the rows of a page's table of causes."""
    lines = [line for line in parts(page)["Cause and remedy"].splitlines() if line.startswith("| ")]
    return [Row(page.stem, *(cell.strip() for cell in line.split("|")[1:-1])) for line in lines[2:]]


def _blank(block: re.Match[str]) -> str:
    return " " * len(block[0])
