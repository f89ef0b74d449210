"""The whole state of the simulator: people, bots, limits, faults and the log of calls."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telegram_simulator.common.errors import ControlError
from telegram_simulator.world.call_log import CallLog
from telegram_simulator.world.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telegram_simulator.messages.model import File, User
    from telegram_simulator.world.bots import Bot, Bots
    from telegram_simulator.world.chats import Conversation
    from telegram_simulator.world.rate_limits import RateLimiter


@dataclass(frozen=True, slots=True)
class Place:
    """A person in a chat of a bot."""

    bot: Bot
    user: User
    conversation: Conversation


@dataclass(slots=True)
class World:
    """The simulated Telegram. One event loop owns it; nothing in it waits.

    Attributes:
        users: People by id.
        user_ids: Of people who bring none.
        numbers: Of presses and payments.
    """

    bots: Bots
    limits: RateLimiter
    users: dict[int, User] = field(default_factory=dict)
    user_ids: Iterator[int] = field(default_factory=lambda: itertools.count(5001))
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    faults: Faults = field(default_factory=Faults)
    calls: CallLog = field(default_factory=CallLog)

    def user(self, user_id: int) -> User:
        """Return a person.

        Raises:
            ControlError: There is none.
        """
        if user_id not in self.users:
            raise ControlError(f"there is no user {user_id}")
        return self.users[user_id]

    def bot(self, bot_id: int | None) -> Bot:
        """Return a bot, the newest if none is named.

        Raises:
            ControlError: There is none of that id.
        """
        bot = self.bots.newest if bot_id is None else self.bots.find(bot_id)
        if bot is None:
            raise ControlError(f"there is no bot {bot_id}")
        return bot

    def conversation(self, bot: Bot, chat_id: int) -> Conversation:
        """Return a chat of a bot; the one with a person begins here if need be.

        Raises:
            ControlError: There is neither such a person nor such a group.
        """
        if chat_id in bot.conversations:
            return bot.conversations[chat_id]
        if chat_id < 0:
            raise ControlError(f"there is no chat {chat_id}")
        return bot.talk(self.user(chat_id).id)

    def place(self, bot: Bot, user_id: int, chat_id: int | None = None) -> Place:
        """Return a person in a chat, the private one unless another is named.

        Raises:
            ControlError: There is no such person or chat.
        """
        user = self.user(user_id)
        return Place(bot, user, self.conversation(bot, user_id if chat_id is None else chat_id))

    def file(self, file_id: str) -> File:
        """Return a file of any bot.

        Raises:
            ControlError: There is none.
        """
        for bot in self.bots:
            if file := bot.files.find(file_id):
                return file
        raise ControlError("there is no such file")
