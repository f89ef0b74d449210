"""A user's request for an edit, and its outcomes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum, auto

from qwenedit_bot.chat.view import Source  # noqa: TC001 - as with the next ones, pydantic reads the annotations
from qwenedit_bot.pictures.sources import Attachment, StoredPicture  # noqa: TC001

MAX_INSTRUCTION = 1000
"""Code points: nearly what a caption may have (1,024), so that both ways of asking allow the same."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request for an edit."""

    job_id: str
    """The job's ID, derived from message and discriminator, so that repeating the request gives the same job."""
    source: Source
    """The message that the answer replies to."""
    user_id: int
    attachments: tuple[Attachment | StoredPicture, ...]
    """At most `qwenedit_jobs.MAX_PICTURES`, in the order in which the instruction counts them."""
    instruction: str
    workflow: str | None = None
    """None is the worker's default."""
    parameters: dict[str, int | float | str] = field(default_factory=dict)
    """For inputs that the workflow's binding names."""
    discriminator: str = ""
    """Distinguishes requests of the same message, such as presses of one button."""
    shown: tuple[tuple[int, str], ...] = ()
    """The id of the message that shows each picture, and the job whose result it is, if it is one."""

    @property
    def to(self) -> Source:
        """Where the answer goes, apart from the answers to the message's other requests."""
        return replace(self.source, discriminator=self.discriminator)


class RequestOutcome(StrEnum):
    """Result of a request."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """It will never be accepted."""
    UNREADABLE = "unreadable"
    """This picture will never be accepted, whatever the instruction."""
    WAITS = "waits"
    """The user has as many unfinished jobs as they may: `Backlog` keeps the request until one of them is answered."""
    NOT_NOW = "not_now"
    """The same picture may be accepted later, or with another instruction."""


class Reworded(Enum):
    """Result of new words for a request that isn't a running job yet."""

    DONE = auto()
    TOO_LATE = auto()
    """The job has begun, or has ended."""
    REFUSED = auto()
    """The new instruction is too long or not allowed: the old one stays."""
