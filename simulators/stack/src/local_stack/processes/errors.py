"""What can go wrong with a part: one base, `StackError`, whose text is for the person at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TAIL = 20
"""Lines of a failed part's log that are shown."""


def how_it_ended(code: int) -> str:
    """Say an exit code in words; a negative one is the signal that ended the process."""
    return f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"


class StackError(Exception):
    """Base of all errors here."""


class PartError(StackError):
    """A part is not as it should be.

    Args:
        name: The part.
        problem: What happened.
        lines: What it logged; the last of them become part of the text.
    """

    def __init__(self, name: str, problem: str, lines: Sequence[str]) -> None:
        tail = "".join(f"\n  {line}" for line in lines[-TAIL:]) or "\n  (it logged nothing)"
        super().__init__(f"{name} {problem}; its last lines:{tail}")
        self.name = name


class PartDiedError(PartError):
    """It ended by itself.

    Args:
        code: Its exit code; negative: the signal that ended it.
    """

    def __init__(self, name: str, code: int, lines: Sequence[str]) -> None:
        super().__init__(name, how_it_ended(code), lines)
        self.code = code


class PartNotReadyError(PartError):
    """It runs, and has not said within the time given that it is ready."""
