"""What the simulated Telegram consists of: people, chats, files, messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from telegram_simulator.messages.keyboards import Buttons


class ChatKind(StrEnum):
    """Where people talk."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"


class MediaKind(StrEnum):
    """What a message can carry besides its words; named as in the Bot API."""

    PHOTO = "photo"
    DOCUMENT = "document"
    ANIMATION = "animation"
    STICKER = "sticker"
    VOICE = "voice"
    VIDEO = "video"
    AUDIO = "audio"
    VIDEO_NOTE = "video_note"


class Standing(StrEnum):
    """What a bot is in a group; the values are the Bot API's statuses of a ChatMember."""

    MEMBER = "member"
    ADMINISTRATOR = "administrator"
    RESTRICTED = "restricted"
    KICKED = "kicked"


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A person or a bot."""

    id: int
    first_name: str
    username: str | None = None
    language: str | None = None
    """IETF tag of the user's client."""
    is_bot: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Chat:
    """A private chat, which has its user's id, or a group, whose id is negative."""

    id: int
    kind: ChatKind
    title: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """Bytes that Telegram keeps, for a while.

    Attributes:
        id: What a bot names it by; another bot cannot.
        unique_id: The same for the same bytes.
        path: Where it is downloaded.
        content: Where its bytes lie.
        size: In bytes.
        name: As its sender called it; photos have none.
        chat_id: Where a person sent it; None for a bot's own.
    """

    id: str
    unique_id: str
    path: str
    content: Path
    size: int
    name: str | None
    mime: str
    chat_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendition:
    """A picture in one of its sizes, in pixels."""

    file: File
    width: int
    height: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """What a message carries.

    Attributes:
        renditions: A photo's sizes, smallest first.
    """

    kind: MediaKind
    file: File
    renditions: tuple[Rendition, ...] = ()

    @property
    def width(self) -> int:
        """Of a photo, in pixels; 0 of anything else."""
        return self.renditions[-1].width if self.renditions else 0

    @property
    def height(self) -> int:
        """Likewise."""
        return self.renditions[-1].height if self.renditions else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Invoice:
    """A bot's wish to be paid.

    Attributes:
        payload: What the bot knows it by; nobody else sees it.
        total: In the smallest units of the currency.
    """

    title: str
    description: str
    payload: str
    currency: str
    total: int
    paid: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Payment:
    """What was paid, or given back."""

    charge_id: str
    payload: str
    currency: str
    total: int
    refunded: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One version of a message.

    Attributes:
        date: Seconds since the epoch.
        text: Its words; the caption where it carries media.
        edit_date: When its content was last changed.
        album_id: Shared by the messages of one album.
        reply_to: Id of the message that it replies to.
        forwarded: Somebody else, `render.STRANGER`, wrote it first.
        invoice: What it asks to be paid.
        payment: What it tells to be paid, or given back: Telegram itself says so.
        outgoing: The bot whose chat it is has sent it.
        sender_chat: The chat in whose name it was sent.
        via_bot: The bot through which a person sent it inline.
        service: What it carries instead of words and files, as the Bot API writes it: the field of a service message,
            such as `migrate_to_chat_id`, or of a location, a poll and so on.
    """

    id: int
    chat_id: int
    sender: User
    date: int
    text: str = ""
    media: Media | None = None
    keyboard: Buttons = ()
    edit_date: int | None = None
    album_id: str | None = None
    reply_to: int | None = None
    forwarded: bool = False
    invoice: Invoice | None = None
    payment: Payment | None = None
    outgoing: bool = False
    sender_chat: Chat | None = None
    via_bot: User | None = None
    service: dict[str, Any] | None = None
