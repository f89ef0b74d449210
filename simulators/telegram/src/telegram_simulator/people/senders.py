"""Who else than people and the bot a message may be from.

A message in the name of a group is from GroupAnonymousBot, with tdlib's id (`UserManager.cpp`).
"""

from __future__ import annotations

from zlib import crc32

from telegram_simulator.messages.model import User

ANONYMOUS = User(id=1087968824, first_name="Group", username="GroupAnonymousBot", is_bot=True)


def other_bot(username: str) -> User:
    """Return a bot that is not simulated, with the same id for the same name."""
    return User(id=5_000_000_000 + crc32(username.encode()), first_name=username, username=username, is_bot=True)
