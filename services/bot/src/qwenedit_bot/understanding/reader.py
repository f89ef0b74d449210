"""The types that both readers share: what is on a user's screen, and what a text asks for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Stage(StrEnum):
    """The state of something on the screen."""

    PHOTO = "photo"
    """Photos without a job, or an older picture that the user replies to."""
    WAITING = "waiting"
    """A job that hasn't begun: its instruction can still change."""
    RUNNING = "running"
    RESULT = "result"
    ENDED = "ended"
    """A job that failed or was cancelled."""


class Verb(StrEnum):
    """What a text can ask for."""

    EDIT = "edit"
    INSTEAD = "instead"
    """Cancel an unfinished job, and make its pictures anew with these words."""
    AGAIN = "again"
    """Repeat a job with another seed."""
    UNDO = "undo"
    STOP = "stop"
    STATUS = "status"
    """How long it takes, or how many pictures are left."""
    REMARK = "remark"
    """Thanks, praise, laughter: nothing to do."""
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Shown:
    """A photo or an album that waits, a result, or a job: something that a text can be about."""

    id: str
    """A short ID such as `p2`, valid for this screen only."""
    stage: Stage
    words: str = ""
    """The instruction that made it, or will."""
    count: int = 1
    """Number of its pictures; more than one for an album that waits."""


@dataclass(frozen=True, slots=True)
class Screen:
    """What a text can be about."""

    shown: tuple[Shown, ...] = ()
    """Lowest first."""
    about: str = ""
    """ID of what the text replies to, otherwise of the lowest; empty if nothing is shown."""
    replied: bool = False
    """Whether the text replies to `about`."""
    waiting: str = ""
    """Words that still wait for a photo."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a text asks for."""

    verb: Verb
    pictures: tuple[str, ...] = ()
    """IDs of what to edit, in the order in which the words count them; empty for what the text is about."""
    job: str = ""
    """ID of the job to repeat, replace or stop. For `STOP`, empty means all of the user's."""
    words: str = ""
    """The instruction. It stands alone: it needs no words before it."""
    together: bool | None = None
    """Whether several pictures make one; None if the words don't say so."""


class Reader(Protocol):
    """Reads what a text means."""

    async def read(self, text: str, screen: Screen) -> Action:
        """Return what a text asks for. Never fails: in doubt, the text is an instruction."""
