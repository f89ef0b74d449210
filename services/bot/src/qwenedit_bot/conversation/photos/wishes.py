"""Tells an instruction from what is none: a command, a few dots, a thumb, characters that nobody sees."""

from __future__ import annotations

import re
import unicodedata

_COMMAND = re.compile(r"/(?P<name>\w+)(?:@\w+)?\s*(?P<rest>.*)", re.DOTALL)
_EDIT = "edit"
"""The command behind which an instruction stands."""


def wish_in(text: str) -> str:
    """Return the instruction in what somebody wrote; empty where there is none."""
    said = _bare(text)
    command = _COMMAND.fullmatch(said)
    if command is not None:
        return wish_in(command["rest"]) if command["name"].lower() == _EDIT else ""
    return said if any(character.isalnum() for character in said) else ""


def _bare(text: str) -> str:
    """Take away what is invisible at both ends; inside, it joins letters and emojis."""
    start, end = 0, len(text)
    while start < end and _is_invisible(text[start]):
        start += 1
    while end > start and _is_invisible(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cf", "Cc"}
