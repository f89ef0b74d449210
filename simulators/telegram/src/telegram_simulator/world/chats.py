"""One bot's chats: every message in all its versions, and whoever looks on."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from telegram_simulator.common.change_signal import ChangeSignal
from telegram_simulator.messages.model import ChatKind, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telegram_simulator.messages.model import Chat, Message


ANSWERS = 1000
"""Answers to presses that are kept of a chat."""


@dataclass(frozen=True, slots=True)
class Added:
    """There is a new message."""

    message: Message


@dataclass(frozen=True, slots=True)
class Edited:
    """A message has changed."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deleted:
    """A message is gone."""

    id: int


@dataclass(frozen=True, slots=True)
class Acted:
    """The bot shows what it is doing."""

    action: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The bot has answered a press of a button."""

    user_id: int
    query_id: str
    text: str
    alert: bool


@dataclass(frozen=True, slots=True)
class Appeared:
    """The bot has gone on line or off."""

    online: bool


Happening: TypeAlias = Added | Edited | Deleted | Acted | Answered | Appeared


@dataclass(slots=True)
class Record:
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
        editable: The bot can still edit what it sent before that.
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
    editable: bool = True
    blocked: bool = False
    begun: bool = False
    records: dict[int, Record] = field(default_factory=dict)
    answers: deque[Answered] = field(default_factory=lambda: deque(maxlen=ANSWERS))
    pulse: ChangeSignal = field(default_factory=ChangeSignal)
    _watchers: set[asyncio.Queue[Happening]] = field(default_factory=set)

    @property
    def is_group(self) -> bool:
        """Whether others may read."""
        return self.chat.kind is not ChatKind.PRIVATE

    @property
    def bot_present(self) -> bool:
        """Whether the bot is in the chat."""
        return self.standing not in (Standing.LEFT, Standing.KICKED)

    @property
    def bot_admin(self) -> bool:
        """Whether the bot is an administrator of the group."""
        return self.standing is Standing.ADMINISTRATOR

    def next_id(self) -> int:
        """Return the id of the next message."""
        return next(self.numbers)

    def find(self, message_id: int) -> Message | None:
        """Return a message as it is now, unless it is gone."""
        record = self.records.get(message_id)
        return None if record is None or record.deleted else record.now

    def add(self, message: Message) -> Message:
        """Put a new message at the end."""
        self.records[message.id] = Record([message])
        self.tell(Added(message))
        return message

    def replace(self, message: Message) -> Message:
        """Put a new version in a message's place."""
        self.records[message.id].versions.append(message)
        self.tell(Edited(message))
        return message

    def delete(self, message_id: int) -> None:
        """Take a message away for both sides."""
        self.records[message_id].deleted = True
        self.tell(Deleted(message_id))

    def tell(self, happening: Happening) -> None:
        """Let those who look on know."""
        if isinstance(happening, Answered):
            self.answers.append(happening)
        for queue in self._watchers:
            queue.put_nowait(happening)
        self.pulse.beat()

    @contextmanager
    def watched(self) -> Iterator[asyncio.Queue[Happening]]:
        """Put what happens from now on into a queue."""
        queue: asyncio.Queue[Happening] = asyncio.Queue()
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
