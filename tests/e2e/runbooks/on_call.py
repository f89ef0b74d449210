"""Somebody who follows a runbook to the letter, and who knows nothing else."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwenedit_testkit.runbooks import FOLDER, Command, Row, commands, rows
from tests.e2e.cluster.kube import attempt, eventually

if TYPE_CHECKING:
    from pathlib import Path

ANCHOR = re.compile(r"\(([A-Za-z]+\.md)?#([a-z-]+)\)")
COMPLAINT = re.compile(r"^(error:|Error:|Error from server|usage:|qwenedit:)", re.MULTILINE)
NOTHING_FOUND = 1
"""Exit code of grep."""


@dataclass(frozen=True, slots=True)
class Incident:
    """How one trouble went."""

    alert: str
    cause: str
    commands: int
    """Typed until the cause was on the screen."""
    seconds: float
    """That they took."""
    first: bool
    """Whether the row that fits best, by the words on the screen alone, was the right one."""


@dataclass
class OnCall:
    """Types the commands of the pages, with a shell.

    Args:
        words: What stands for the placeholders.
        folder: Where the shell is.
    """

    words: dict[str, str]
    folder: Path
    incidents: list[Incident] = field(default_factory=list)

    async def type(self, command: Command, *, refused: bool = False) -> str:
        """Type a command; returns all that it printed.

        Args:
            command: Which.
            refused: It may say no, such as a bot that is down.
        """
        code, out, err = await attempt("bash", "-c", f"cd {self.folder} && {command.filled(self.words)}")
        nothing = code == NOTHING_FOUND and "| grep" in command.text and not err
        done = (code == 0 or nothing) and not COMPLAINT.search(err)
        assert done or refused, f"{command}\n{code}\n{out}\n{err}"
        return out + err

    async def look(self, alert: str) -> tuple[str, int]:
        """Type all commands under *Look* for whose placeholders there are words; returns what they printed."""
        typed = [each for each in _page(alert) if each.part == "Look" and each.placeholders <= set(self.words)]
        return "\n".join([await self.type(each, refused=True) for each in typed]), len(typed)

    async def find(self, alert: str, cause: str, *signs: str, within: float = 30) -> Row:
        """Look until the signs of a cause are on the screen; returns the row that the words choose.

        Args:
            alert: Which runbook.
            cause: Words of the right row, of what is seen or of the cause.
            signs: What has to be on the screen.
            within: Seconds until then.
        """
        right = row(alert, cause)
        screen, count, seconds = "", 0, 0.0

        async def shown() -> bool:
            nonlocal screen, count, seconds
            began = time.monotonic()
            screen, count = await self.look(alert)
            seconds = time.monotonic() - began
            return all(sign in screen for sign in signs)

        try:
            await eventually(f"{signs} on the screen", shown, within=within)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{screen}") from None
        best = max(rows(FOLDER / f"{alert}.md"), key=lambda each: _fit(each, screen))
        self.incidents.append(Incident(alert, right.cause, count, seconds, best == right))
        print(f"--- {alert}: {cause}\n{screen}")
        return right

    async def remedy(self, chosen: Row, *, but: str = "") -> None:
        """Type the commands of a row, and of the sections that it leads to.

        Args:
            chosen: Which.
            but: Words of commands that are not for this case.
        """
        wanted = [
            each
            for each in _page(chosen.page)
            if each.part == "Cause and remedy" and not each.section and f"`{each.text}`" in chosen.remedy
        ]
        for page, anchor in ANCHOR.findall(chosen.remedy):
            wanted += [
                each for each in _page(page.removesuffix(".md") or chosen.page) if _anchor(each.section) == anchor
            ]
        assert wanted, f"the remedy has no commands: {chosen}"
        for command in {each.text: each for each in wanted}.values():  # a rollback that is typed twice is none
            if not but or but not in command.text:
                said = await self.type(command)
                if " history " in command.text:
                    self.words["REVISION"] = said.split()[0]

    async def part(self, alert: str, part: str, *, refused: bool = False) -> str:
        """Type all commands of a part, such as *Stop-gap*; returns what they printed."""
        typed = [each for each in _page(alert) if each.part == part]
        assert typed
        return "\n".join([await self.type(each, refused=refused) for each in typed])

    async def type_of(self, alert: str, words: str) -> None:
        """Type the one command of a page that has these words."""
        [command] = {each.text: each for each in _page(alert) if words in each.text}.values()
        await self.type(command)


def row(alert: str, cause: str) -> Row:
    """Return the one row of a page that has these words as what is seen, or as the cause."""
    [found] = [each for each in rows(FOLDER / f"{alert}.md") if cause in f"{each.seen} | {each.cause}"]
    return found


def _page(alert: str) -> list[Command]:
    path: Path = FOLDER / f"{alert}.md"
    return commands(path)


def _fit(row: Row, screen: str) -> tuple[float, int]:
    """Say how well a row's signs describe a screen: the part of them that is there, and how many they are."""
    there = sum(sign in screen for sign in row.signs)
    return (there / len(row.signs), there) if row.signs else (0, 0)


def _anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
