"""The bots, and what Telegram knows of each."""

from __future__ import annotations

import asyncio
import itertools
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from telegram_simulator.common.errors import ApiError
from telegram_simulator.files.files import Files
from telegram_simulator.messages.model import Chat, ChatKind, User
from telegram_simulator.world.chats import Conversation
from telegram_simulator.world.updates import UpdateQueue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from telegram_simulator.files.storage import Storage
    from telegram_simulator.messages.model import Payment

AWAY_AFTER = 3.0
"""Seconds without a poll after which a bot counts as off line."""

NAME, USERNAME = "Photo editor", "photo_editor_bot"
"""Of the first bot; those after it have their id as a part of their user name."""
_EPOCH = 1_767_225_600
_PER_SECOND = 8


def first_number() -> int:
    """Return where ids begin: beyond those of an earlier run, which a bot may still remember."""
    return max(1, round((time.time() - _EPOCH) * _PER_SECOND) % 2**31)


@dataclass(frozen=True, slots=True)
class Query:
    """A press of a button that the bot has not answered."""

    user_id: int
    chat_id: int


@dataclass(slots=True)
class Charge:
    """A payment that was made."""

    user_id: int
    chat_id: int
    payment: Payment


@dataclass(slots=True, eq=False)
class Poll:
    """A request that waits for updates."""

    ended: str | None = None
    """Why it is to end."""


@dataclass(slots=True, eq=False)
class Webhook:
    """Where updates go, and how that went last.

    Attributes:
        secret: Sent along, so that the bot knows who calls.
        error_date: Seconds since the epoch.
    """

    url: str
    secret: str
    error: str | None = None
    error_date: int = 0
    deliveries: asyncio.Task[None] | None = None

    def same_as(self, other: Webhook) -> bool:
        """Whether another one would change nothing."""
        return (self.url, self.secret) == (other.url, other.secret)

    def failed(self, error: str) -> None:
        """Remember what went wrong."""
        self.error, self.error_date = error, int(time.time())


@dataclass(slots=True, eq=False)
class Bot:
    """A bot with its chats, files and updates.

    Attributes:
        secret: What follows the id in its token; None until a token has named it.
        queries: Presses of buttons that wait for an answer.
        checkouts: Payments that wait for it to agree, or to say why not.
        charges: Payments that were made, by their ids.
        reads_all: Group privacy is off.
        poll: The request that waits for updates.
        webhook: Where updates are sent instead.
    """

    me: User
    files: Files
    secret: str | None = None
    updates: UpdateQueue = field(default_factory=lambda: UpdateQueue(first_id=first_number()))
    conversations: dict[int, Conversation] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    checkouts: dict[str, asyncio.Future[str | None]] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    reads_all: bool = False
    poll: Poll | None = None
    webhook: Webhook | None = None
    _polled: float = float("-inf")
    _online: bool = False
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(first_number()))
    _groups: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def online(self) -> bool:
        """Whether something receives its updates."""
        return self._online

    def chat_of(self, parameters: Mapping[str, Any]) -> int | None:
        """Return the id of the chat that a call is about: it names the chat, a press of a button in it, or a file."""
        if "chat_id" in parameters:
            return _number(parameters["chat_id"])
        if (query := self.queries.get(str(parameters.get("callback_query_id")))) is not None:
            return query.chat_id
        file = self.files.find(str(parameters.get("file_id")))
        return None if file is None else file.chat_id

    def talk(self, user_id: int) -> Conversation:
        """Return the private chat with a person."""
        if user_id not in self.conversations:
            chat = Chat(id=user_id, kind=ChatKind.PRIVATE)
            self.conversations[user_id] = Conversation(chat, self._numbers, {user_id})
        return self.conversations[user_id]

    def found_group(self, title: str, members: Iterable[int], *, kind: ChatKind) -> Conversation:
        """Make a group that the bot is in."""
        number = next(self._groups)
        is_super = kind is ChatKind.SUPERGROUP
        chat = Chat(id=-1_000_000_000_000 - number if is_super else -number, kind=kind, title=title)
        numbers = itertools.count(1) if is_super else self._numbers
        self.conversations[chat.id] = Conversation(chat, numbers, set(members), begun=True)
        return self.conversations[chat.id]

    def saw_poll(self) -> None:
        """Note that updates are being asked for."""
        self._polled = time.monotonic()
        self.look()
        asyncio.get_running_loop().call_later(AWAY_AFTER, self.look)

    def end_poll(self, reason: str) -> None:
        """Let the request that waits for updates fail."""
        if self.poll is not None:
            self.poll.ended = reason
            self.updates.arrivals.beat()

    def look(self) -> None:
        """Tell the chats when the bot has gone on line or off."""
        online = self.poll is not None or self.webhook is not None or time.monotonic() - self._polled < AWAY_AFTER
        if online != self._online:
            self._online = online
            for conversation in self.conversations.values():
                conversation.pulse.beat()


class Bots:
    """All bots, each named by the first part of its token.

    Args:
        storage: Keeps the bytes of their files.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._bots: list[Bot] = []

    def __iter__(self) -> Iterator[Bot]:
        return iter(self._bots)

    @property
    def newest(self) -> Bot:
        """The bot that people speak to unless they name one: the last that has shown up.

        Before any has, it is one whom the first token will name, so that people may write before the bot runs.
        """
        if not self._bots:
            self._bots.append(self._bot(1, USERNAME))
        return self._bots[-1]

    def find(self, bot_id: int) -> Bot | None:
        """Look a bot up."""
        return next((bot for bot in self._bots if bot.me.id == bot_id), None)

    def named(self, bot_id: int, secret: str) -> Bot:
        """Return the bot of a token, which may be its first.

        Raises:
            ApiError: The bot has come with another token before.
        """
        found = self.find(bot_id)
        if found is not None and found.secret is not None:
            if found.secret != secret:
                raise ApiError(code=401)
            return found
        bot = self.newest
        if bot.secret is not None:
            bot = self._bot(bot_id, f"photo_editor_{bot_id}_bot")
            self._bots.append(bot)
        bot.me = replace(bot.me, id=bot_id)
        bot.secret = secret
        return bot

    def _bot(self, bot_id: int, username: str) -> Bot:
        me = User(id=bot_id, first_name=NAME, username=username, is_bot=True)
        return Bot(me, Files(self._storage))


def _number(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
