"""What a user sees of one message: its text and its buttons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ButtonStyle(StrEnum):
    """A button's colour, in clients that have colours (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""

    DANGER = "danger"
    SUCCESS = "success"
    PRIMARY = "primary"


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message."""

    label: str
    data: str
    """At most 64 bytes, as Telegram has it: `verb:job_id[:extra]`. Each verb has a handler of its own."""
    style: ButtonStyle | None = None


Buttons = tuple[tuple[Button, ...], ...]
"""Rows of buttons."""


def single(button: Button) -> Buttons:
    """One button alone."""
    return ((button,),)


@dataclass(frozen=True, slots=True)
class View:
    """A text message."""

    text: str
    buttons: Buttons = ()
