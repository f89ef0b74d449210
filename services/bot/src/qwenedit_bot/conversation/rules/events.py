"""What a user did, and the things on the screen that it's about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.understanding.reader import Stage, Verb

if TYPE_CHECKING:
    from qwenedit_bot.conversation.draft import How, Offer, Picture

UNFINISHED = (Stage.WAITING, Stage.RUNNING)


@dataclass(frozen=True, slots=True)
class Thing:
    """Something on the screen that a text may be about."""

    stage: Stage
    pictures: tuple[Picture, ...]
    """The pictures that an instruction would edit: the result, if there is one."""
    job: str = ""
    prompt: str = ""
    """The job's instruction."""
    sources: tuple[Picture, ...] = ()
    """What it was made of, or will be; empty for a user's photo."""
    words_in: int = 0
    """ID of the message that requested it."""
    discriminator: str = ""
    """The job's, which tells the event that requested it."""

    def made_by(self, event_id: str) -> bool:
        """Return whether this event requested it: a repeated event must not act on what it made before."""
        own = event_id.startswith("m") and event_id == f"m{self.words_in}" and self.discriminator[:1] in ("", "m")
        return own or self.discriminator.partition(":")[0] == event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that a user did."""

    id: str
    """Its ID, the same each time it's handled."""
    message_id: int
    """The user's message, or the one that has the pressed button."""
    at: int
    """When it happened, in seconds since the epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos(Event):
    """A photo or an album, with or without a caption."""

    pictures: tuple[Picture, ...]
    words: str = ""
    words_in: int = 0
    """ID of the message that has the words."""
    how: How = ""
    takes: int = 0
    """Number of photos that the waiting preset takes; 0 if none waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Event):
    """A text, as a reader understood it, or a button or command that stands for one."""

    verb: Verb = Verb.EDIT
    words: str = ""
    things: tuple[Thing, ...] = ()
    """What it's about, in the order in which the words count them; empty if nothing is on the screen."""
    replied: bool = False
    """It's a reply to this thing."""
    how: How = ""
    every: bool = False
    """Stops everything of the user's."""

    @property
    def about(self) -> Thing | None:
        """The first thing that it's about."""
        return self.things[0] if self.things else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited(Said):
    """A corrected message."""

    jobs: tuple[Thing, ...] = ()
    """The jobs that the message requested, not counting what this correction has made already."""
    picture: Picture | None = None
    """The message's picture now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen(Event):
    """A preset was chosen; none if the user returns to the menu, which drops the waiting one."""

    preset: str
    takes: int
    about: Thing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HowChosen(Event):
    """The user chose whether each photo is edited on its own."""

    how: How


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """The user continues a waiting request: they have pictures left again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted(Event):
    """The user pressed the button of an offer; None if it's no longer known."""

    offer: Offer | None
