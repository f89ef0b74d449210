"""Who a message appears to come from: a person, a group or a channel; and where a forwarded one comes from.

The rules are those of Telegram's own server (telegram-bot-api, `Client.cpp`, `create_message`). A message in the name
of the group itself is from GroupAnonymousBot. An automatic forward from the linked channel is from Telegram's service
account. Any other message in the name of a channel is from Channel_Bot. Their ids are those of tdlib
(`UserManager.cpp`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from zlib import crc32

from telegram_simulator.common.errors import ControlError
from telegram_simulator.messages.model import Chat, ChatKind, Origin, OriginKind, User

if TYPE_CHECKING:
    from telegram_simulator.world.chats import Conversation

ANONYMOUS = User(id=1087968824, first_name="Group", username="GroupAnonymousBot", is_bot=True)
CHANNEL_BOT = User(id=136817688, first_name="Channel", username="Channel_Bot", is_bot=True)
SERVICE = User(id=777000, first_name="Telegram")
STRANGER = User(id=4242, first_name="Carol", username="carol")
"""Who has written first what people forward."""

_CHANNEL = Chat(id=-1_000_000_900_000, kind=ChatKind.CHANNEL, title="News")
_ELSEWHERE = Chat(id=-1_000_000_900_001, kind=ChatKind.SUPERGROUP, title="Elsewhere")
_ORIGINS = {
    OriginKind.USER: Origin(kind=OriginKind.USER, user=STRANGER),
    OriginKind.HIDDEN_USER: Origin(kind=OriginKind.HIDDEN_USER, name=STRANGER.first_name),
    OriginKind.CHAT: Origin(kind=OriginKind.CHAT, chat=_ELSEWHERE),
    OriginKind.CHANNEL: Origin(kind=OriginKind.CHANNEL, chat=_CHANNEL, message_id=77),
}


class Guise(StrEnum):
    """As whom a person writes."""

    SELF = "self"
    ANONYMOUS = "anonymous"
    """An administrator who stays anonymous: the group itself speaks."""
    CHANNEL = "channel"
    """A person who speaks as their channel."""
    LINKED_CHANNEL = "linked_channel"
    """A post of the channel whose discussions the group holds; Telegram forwards it there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Appearance:
    """What a message says of its sender; the fields are those of a Message."""

    sender: User
    sender_chat: Chat | None = None
    origin: Origin | None = None
    automatic: bool = False


def appearance(user: User, conversation: Conversation, guise: Guise, forwarded: OriginKind | None) -> Appearance:
    """Return what a person's message says of its sender.

    Raises:
        ControlError: In a private chat a person is only themselves.
    """
    origin = None if forwarded is None else _ORIGINS[forwarded]
    if guise is not Guise.SELF and not conversation.is_group:
        raise ControlError("in a private chat a person is only themselves")
    match guise:
        case Guise.SELF:
            return Appearance(sender=user, origin=origin)
        case Guise.ANONYMOUS:
            return Appearance(sender=ANONYMOUS, sender_chat=conversation.chat, origin=origin)
        case Guise.CHANNEL:
            return Appearance(sender=CHANNEL_BOT, sender_chat=_CHANNEL, origin=origin)
        case Guise.LINKED_CHANNEL:
            post = _ORIGINS[OriginKind.CHANNEL]
            return Appearance(sender=SERVICE, sender_chat=_CHANNEL, origin=post, automatic=True)


def other_bot(username: str) -> User:
    """Return a bot that is not simulated, with the same id for the same name."""
    return User(id=5_000_000_000 + crc32(username.encode()), first_name=username, username=username, is_bot=True)
