"""What a chat looks like at one moment, with its past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from telegram_simulator.messages.model import Invoice, Payment  # noqa: TC001 - pydantic reads them at run time


class Button(NamedTuple):
    """A button under a message."""

    text: str
    data: str | None = None
    style: str | None = None


class Answer(NamedTuple):
    """What the bot answered to a press of a button."""

    text: str
    alert: bool


@dataclass(frozen=True, slots=True)
class FileInfo:
    """A file in a message.

    Attributes:
        kind: photo, document, sticker, voice, animation, video, video_note or audio.
        size: In bytes.
        width: In pixels; 0 where it is no picture.
    """

    kind: str
    file_id: str
    name: str | None
    mime: str
    size: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Version:
    """A message as it was or is.

    Attributes:
        text: Its words; the caption where it carries a file.
        rows: Its buttons.
        invoice: What it asks to be paid.
        payment: What it tells to be paid, or given back.
    """

    text: str
    media: FileInfo | None
    rows: tuple[tuple[Button, ...], ...]
    invoice: Invoice | None
    payment: Payment | None

    @property
    def photo(self) -> FileInfo | None:
        """The photo it carries."""
        return self.media if self.media and self.media.kind == "photo" else None

    @property
    def document(self) -> FileInfo | None:
        """The file it carries."""
        return self.media if self.media and self.media.kind == "document" else None

    @property
    def buttons(self) -> tuple[Button, ...]:
        """Its buttons in reading order."""
        return tuple(button for row in self.rows for button in row)

    @property
    def labels(self) -> tuple[str, ...]:
        """What its buttons say."""
        return tuple(button.text for button in self.buttons)


@dataclass(frozen=True, slots=True)
class Message:
    """A message with all its versions, oldest first."""

    id: int
    sender_id: int
    from_bot: bool
    reply_to: int | None
    deleted: bool
    versions: tuple[Version, ...]

    @property
    def now(self) -> Version:
        """The last version."""
        return self.versions[-1]

    @property
    def text(self) -> str:
        """Its words now."""
        return self.now.text

    @property
    def edits(self) -> int:
        """How often it was changed."""
        return len(self.versions) - 1

    def said(self, words: str) -> bool:
        """Whether any version holds these words."""
        return any(words in version.text for version in self.versions)


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat.

    Attributes:
        version: Grows with everything that happens in the chat.
        messages: All that ever were, in order, the deleted ones too.
        answers: What the bot answered to the presses of the one who looks.
    """

    version: int
    messages: tuple[Message, ...]
    answers: tuple[Answer, ...]

    @property
    def visible(self) -> tuple[Message, ...]:
        """What a person sees."""
        return tuple(message for message in self.messages if not message.deleted)

    @property
    def from_bot(self) -> tuple[Message, ...]:
        """What a person sees of the bot."""
        return tuple(message for message in self.visible if message.from_bot)

    @property
    def pictures(self) -> tuple[Message, ...]:
        """The messages of the bot that carry a photo or a file."""
        return tuple(message for message in self.from_bot if message.now.photo or message.now.document)

    @property
    def invoices(self) -> tuple[Message, ...]:
        """The messages that ask to be paid."""
        return tuple(message for message in self.visible if message.now.invoice)

    @property
    def payments(self) -> tuple[Payment, ...]:
        """What was paid, or given back."""
        return tuple(message.now.payment for message in self.visible if message.now.payment)

    @classmethod
    def parse(cls, seen: dict[str, Any]) -> Chat:
        """Read what the simulator says."""
        return _CHAT.validate_python(seen)


_CHAT = TypeAdapter(Chat)
