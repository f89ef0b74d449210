"""One bot's chats: every message in all its versions."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from telegram_simulator.common.change_signal import ChangeSignal
from telegram_simulator.messages.model import ChatKind, Message, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telegram_simulator.messages.model import Chat, User


ANSWERS = 1000
"""Answers to presses that are kept of a chat."""
ACTION = 5.0
"""Seconds that an action such as "typing" is shown."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The bot has answered a press of a button."""

    user_id: int
    query_id: str
    text: str
    alert: bool


@dataclass(slots=True)
class MessageRecord:
    """A message from its first version to its last."""

    versions: list[Message]
    deleted: bool = False

    @property
    def now(self) -> Message:
        """The last version."""
        return self.versions[-1]


@dataclass(slots=True, eq=False)
class Conversation:
    """A chat of the bot.

    Attributes:
        numbers: Gives the ids of messages: Telegram counts them per bot, in a supergroup per chat.
        members: Ids of the people in a group, or of the one person in a private chat.
        standing: What the bot is in the group; an administrator reads all of it.
        forbidden: What the bot may not send there, by the names of the Bot API's ChatPermissions.
        topic_closed: The group's topic is closed: only administrators write.
        migrated_to: Id of the supergroup that the group has become.
        blocked: The person has blocked the bot.
        begun: The person has written; before, the bot cannot.
    """

    chat: Chat
    numbers: Iterator[int]
    members: set[int]
    standing: Standing = Standing.MEMBER
    forbidden: frozenset[str] = frozenset()
    topic_closed: bool = False
    migrated_to: int | None = None
    blocked: bool = False
    begun: bool = False
    records: dict[int, MessageRecord] = field(default_factory=dict)
    answers: deque[Answered] = field(default_factory=lambda: deque(maxlen=ANSWERS))
    pulse: ChangeSignal = field(default_factory=ChangeSignal)
    _action: str = ""
    _acted_at: float = float("-inf")

    @property
    def is_group(self) -> bool:
        """Whether others may read."""
        return self.chat.kind is not ChatKind.PRIVATE

    @property
    def bot_present(self) -> bool:
        """Whether the bot is in the chat."""
        return self.standing is not Standing.KICKED

    @property
    def bot_admin(self) -> bool:
        """Whether the bot is an administrator of the group."""
        return self.standing is Standing.ADMINISTRATOR

    def find(self, message_id: int) -> Message | None:
        """Return a message as it is now, unless it is gone."""
        record = self.records.get(message_id)
        return None if record is None or record.deleted else record.now

    @property
    def action(self) -> str:
        """What the bot shows to be doing; Telegram's clients forget it soon."""
        return self._action if time.monotonic() < self._acted_at + ACTION else ""

    def post(self, sender: User, **content: Any) -> Message:
        """Put a new message at the end; `content` is the rest of what a `Message` has."""
        message = Message(id=next(self.numbers), chat_id=self.chat.id, sender=sender, date=int(time.time()), **content)
        self.records[message.id] = MessageRecord([])
        return self.replace(message)

    def replace(self, message: Message) -> Message:
        """Put a new version in a message's place."""
        self.records[message.id].versions.append(message)
        self.act("")
        return message

    def delete(self, message_id: int) -> None:
        """Take a message away for both sides."""
        self.records[message_id].deleted = True
        self.pulse.beat()

    def act(self, action: str) -> None:
        """Show what the bot is doing."""
        self._action, self._acted_at = action, time.monotonic()
        self.pulse.beat()

    def answer(self, answer: Answered) -> None:
        """Answer a press of a button."""
        self.answers.append(answer)
        self.pulse.beat()
