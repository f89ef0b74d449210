"""Who has written first what people forward, and who else a message may be from.

A message in the name of a group is from GroupAnonymousBot, with tdlib's id (`UserManager.cpp`).
"""

from __future__ import annotations

from zlib import crc32

from telegram_simulator.messages.model import Chat, ChatKind, Origin, OriginKind, User

ANONYMOUS = User(id=1087968824, first_name="Group", username="GroupAnonymousBot", is_bot=True)
STRANGER = User(id=4242, first_name="Carol", username="carol")
ORIGINS = {
    OriginKind.USER: Origin(kind=OriginKind.USER, user=STRANGER),
    OriginKind.HIDDEN_USER: Origin(kind=OriginKind.HIDDEN_USER, name=STRANGER.first_name),
    OriginKind.CHAT: Origin(
        kind=OriginKind.CHAT, chat=Chat(id=-1_000_000_900_001, kind=ChatKind.SUPERGROUP, title="Elsewhere")
    ),
    OriginKind.CHANNEL: Origin(
        kind=OriginKind.CHANNEL, chat=Chat(id=-1_000_000_900_000, kind=ChatKind.CHANNEL, title="News"), message_id=77
    ),
}


def other_bot(username: str) -> User:
    """Return a bot that is not simulated, with the same id for the same name."""
    return User(id=5_000_000_000 + crc32(username.encode()), first_name=username, username=username, is_bot=True)
