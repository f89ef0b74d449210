"""What a user has said in a chat and not yet got: the pictures and words that wait, and the jobs asked for last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from qwenedit_bot.pictures.sources import Attachment, StoredPicture

MOST_JOBS = 10
"""Jobs of a chat that a draft remembers."""

How: TypeAlias = Literal["each", "together", ""]
"""How several photos are used: a picture of each, or one picture of them all; empty if nobody has said so."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that words may be about."""

    source: Attachment | StoredPicture
    message_id: int
    """Id of the message that shows it."""
    job: str = ""
    """The job whose result it is; empty for a user's photo."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that waits in a chat for one user. `step` alone decides how it changes."""

    pictures: tuple[Picture, ...] = ()
    """Pictures that were sent last and aren't a job's yet, or the one that “undo” went back to."""
    shown: int = 0
    """Id of the message under which they stand: the bot's question about them."""
    at: int = 0
    """When the photos came, in seconds since the epoch; photos within seconds of each other are an album."""
    words: str = ""
    """Words that wait for a picture, for an answer to the bot's question, or until the user has a picture left."""
    words_in: int = 0
    """Id of the message that has them."""
    words_at: int = 0
    """When they came; words within seconds of each other are one wish."""
    said: str = ""
    """The words of the newest job."""
    said_at: int = 0
    """When these came."""
    on: tuple[str, ...] = ()
    """Jobs that have begun, to which the words that wait apply: the user is asked how."""
    preset: str = ""
    """Id of the preset that waits for photos."""
    how: How = ""
    jobs: tuple[str, ...] = ()
    """The newest jobs asked for, oldest first."""
    handled: str = ""
    """The last event that is part of this draft; if it's handled again, nothing changes."""
