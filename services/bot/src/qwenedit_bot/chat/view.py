"""What the bot sends: texts with buttons, pictures and invoices, and the message that they answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from qwenedit_jobs import ReplyTo


class ButtonStyle(StrEnum):
    """A button's colour, in clients that have colours (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""

    DANGER = "danger"
    PRIMARY = "primary"


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message."""

    label: str
    data: str
    """At most 64 bytes, Telegram's limit: `verb:job_id[:extra]`. Each verb has a handler of its own."""
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


@dataclass(frozen=True, slots=True)
class Source:
    """A user's message, which the bot's answer replies to."""

    chat_id: int
    message_id: int
    """0 if it's not a reply."""
    discriminator: str = ""
    """Distinguishes answers that reply to the same message."""
    thread_id: int = 0
    """The forum topic in which to answer; 0 outside of topics."""

    @classmethod
    def of_job(cls, reply: ReplyTo) -> Self:
        """Name the message that a job's answer replies to."""
        return cls(reply.chat_id, reply.source_message_id, reply.discriminator, reply.thread_id)

    @property
    def answer(self) -> tuple[int, int, str]:
        """What names its answer."""
        return self.chat_id, self.message_id, self.discriminator


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture to send."""

    data: bytes
    caption: str
    as_file: bool
    """Sent as a file, because Telegram wouldn't take it as a photo."""
    buttons: Buttons = ()
    name: str = "picture"
    """Of the file, without an extension."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice in Telegram Stars."""

    title: str
    """At most 32 characters."""
    description: str
    """At most 255."""
    payload: str
    """At most 128 bytes; comes back with the payment, and users do not see it."""
    stars: int
