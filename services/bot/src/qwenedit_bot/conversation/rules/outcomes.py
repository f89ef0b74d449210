"""What the bot does: the actions that `step` returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from qwenedit_bot.conversation.draft import Draft, How, Offer, Wanted
    from qwenedit_bot.understanding.reader import Verb


class Question(StrEnum):
    """A question or notice of the bot; the draft has the rest."""

    CHANGE = "change"
    """What to change in the photos."""
    WHICH = "which"
    """Which photo the text refers to."""
    HOW = "how"
    """Whether to edit each photo on its own."""
    NEXT = "next"
    """The next photo of a preset."""
    BACK = "back"
    """What to change in the picture that “undo” returned to."""
    FIRST = "first"
    """There is no picture before this one."""
    FORGOTTEN = "forgotten"
    """The last instruction is no longer known."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a question or notice about the draft."""

    what: Question
    to: int
    """The message to answer."""
    left_out: int = 0
    """Number of photos beyond those that may wait."""


@dataclass(frozen=True, slots=True)
class Do:
    """Cancel what these jobs replace, then request them."""

    wanted: tuple[Wanted, ...]
    words_in: int = 0
    how: How = ""
    cancel: tuple[str, ...] = ()
    left_out: int = 0
    """Number of photos beyond those that a job takes."""


@dataclass(frozen=True, slots=True)
class Reword:
    """Change the instruction of jobs that haven't begun, and offer to start the others over."""

    jobs: tuple[str, ...]
    words: str
    to: int
    offer: Offer | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Cancel jobs."""

    jobs: tuple[str, ...] | None = None
    """If None, all of the user's jobs and waiting requests."""
    result: str = ""
    """The job whose result is on the screen, in case there's nothing to cancel."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Reply to a text that asks for no change."""

    verb: Verb
    offer: Offer | None = None
    """What a button does with the text after all."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Say that a button has expired."""


Action: TypeAlias = Ask | Do | Reword | Stop | Reply | Nothing | Expired
Outcome: TypeAlias = "tuple[Draft, Action]"
