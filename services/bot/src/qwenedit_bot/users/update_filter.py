"""Drops updates of people who may not use the bot before anything is stored.

`UpdateFilter.admitted` stands in front of the lanes of updates; `conversation.access_filter` looks again later.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cachetools import TTLCache
from redis.exceptions import OutOfMemoryError

from qwenedit_bot.chat.actors import actor_in, event_in, kind_of, wrote_it_themselves
from qwenedit_bot.common.retention import FORGET_ALL, FORGET_NOT, PersonalData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_bot.users.access_list import AccessList

TOLD_EVERY = 3_600
"""Seconds between two answers to somebody who may not use the bot."""
BANS_KEPT = 5.0
"""Seconds for which this process believes what Redis said of a ban."""
MOST_KEPT = 10_000
"""People whose ban, or last answer, this process remembers."""

PRIVATE_COMMANDS = frozenset(("privacy", "forget", "paysupport"))
"""What everybody may command in private: to learn what is kept, to have it deleted, to ask for money back."""
GROUP_COMMANDS = frozenset(("privacy",))
"""The same in groups, where a command has to name the bot."""

_COMMAND = re.compile(r"/(\w{1,32})(?:@(\w{1,64}))?\s*")
_MONEY = ("successful_payment", "refunded_payment")


class UpdateFilter:
    """Tells whose updates are handled.

    Args:
        access_list: Know who may use the bot.
        redis: A client that decodes replies.
        keys: Names of the bot's keys.
        metrics: Count what is dropped.
        username: The bot's.
        bot_id: The bot's.
    """

    personal_data = (
        PersonalData(what="when a user without access was told so", keys=("occasion",), seconds=TOLD_EVERY),
    )

    def __init__(
        self, access_list: AccessList, redis: Redis, keys: BotKeys, metrics: BotMetrics, *, username: str, bot_id: int
    ) -> None:
        self.access_list = access_list
        self._redis = redis
        self._keys = keys
        self._metrics = metrics
        self._username = username
        self._bot_id = bot_id
        self._banned: TTLCache[int, bool] = TTLCache(MOST_KEPT, BANS_KEPT)
        self._told: TTLCache[int, int] = TTLCache(MOST_KEPT, TOLD_EVERY)

    async def admitted(self, updates: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the updates to be stored; repeated for the same ones it returns the same.

        Raises:
            RedisError: it is not known who is banned.
        """
        kept = []
        for update, stranger in zip(updates, await self.of_strangers(updates), strict=True):
            if not stranger or await self._answered(update):
                kept.append(update)
            else:
                self._metrics.updates.labels(kind_of(update), "stranger").inc()
        return kept

    async def of_strangers(self, updates: Sequence[dict[str, Any]]) -> list[bool]:
        """Tell of each update whether its sender may not use the bot, with at most one question to Redis.

        Nobody is a stranger to payments, news of a chat, and the few commands and buttons that are everybody's. An
        update in a form that this version does not know is left to who reads it.
        """
        barred = await self._barred({actor for update in updates if (actor := actor_in(update)) is not None})
        return [self._is_of_stranger(update, barred) for update in updates]

    async def tells(self, actor: int, update_id: int) -> bool:
        """Whether this update is the one that tells somebody that they may not use the bot."""
        told = self._told.get(actor)
        if told is None:
            key = self._keys.occasion(actor, "access")
            try:
                known = await self._redis.set(key, update_id, nx=True, get=True, ex=TOLD_EVERY)
            except OutOfMemoryError:  # a full Redis is no reason to hold up everybody else
                return False
            told = self._told[actor] = int(known or update_id)
        return told == update_id

    async def forget(self, user_id: int) -> None:
        """Forget when somebody was told that they may not use the bot."""
        await self._redis.unlink(self._keys.occasion(user_id, "access"))
        self._told.pop(user_id, None)

    async def _answered(self, update: dict[str, Any]) -> bool:
        message, press = update.get("message"), update.get("callback_query")
        actor = actor_in(update)
        asks = isinstance(message, dict) and (_is_private(message) or ((actor or 0) < 0 and self._is_called(message)))
        if actor is None or not (isinstance(press, dict) or asks):
            return False
        return await self.tells(actor, int(update["update_id"]))

    async def _barred(self, actors: set[int]) -> frozenset[int]:
        """Return those of some people who may not use the bot."""
        unknown = [actor for actor in actors if self.access_list.is_invited(actor) and self._banned.get(actor) is None]
        for actor, banned in zip(unknown, await self.access_list.banned(unknown), strict=True):
            self._banned[actor] = banned
        return frozenset(a for a in actors if not self.access_list.is_invited(a) or self._banned.get(a))

    def _is_of_stranger(self, update: dict[str, Any], barred: frozenset[int]) -> bool:
        if self._is_public(update):
            return False
        actor = actor_in(update)
        return actor in barred if actor is not None else _is_of_a_bot(update)

    def _is_public(self, update: dict[str, Any]) -> bool:
        match update:
            case {"message": dict(message)}:
                return any(field in message for field in _MONEY) or self._is_command(message)
            case {"callback_query": {"data": str(data), "message": dict(message)}}:
                return data in (FORGET_ALL, FORGET_NOT) and _is_private(message) and self._is_our(message)
            case {"pre_checkout_query": _}:  # whoever asks gets a refusal, not ten seconds of silence
                return True
            case {"my_chat_member": dict(change)}:
                return not _is_private(change)  # in a group others may wait for what the bot may do again
        return False

    def _is_command(self, message: dict[str, Any]) -> bool:
        text = message.get("text")
        return (
            isinstance(text, str)
            and wrote_it_themselves(message)
            and is_public_command(text, self._username, private=_is_private(message))
        )

    def _is_called(self, message: dict[str, Any]) -> bool:
        """Whether a message in a group names the bot, or has its command."""
        said = str(message.get("text") or message.get("caption") or "").lower()
        return wrote_it_themselves(message) and (f"@{self._username.lower()}" in said or said.startswith("/edit"))

    def _is_our(self, message: dict[str, Any]) -> bool:
        match message:
            case {"date": 0}:  # inaccessible: Telegram does not say whose it was
                return True
            case {"from": {"id": int(sender)}}:
                return sender == self._bot_id
        return False


def is_public_command(text: str, username: str, *, private: bool) -> bool:
    """Whether a text is one of the commands that everybody may give, and nothing else.

    Args:
        text: What somebody wrote.
        username: The bot's.
        private: In the private chat with the bot.
    """
    command = _COMMAND.fullmatch(text)
    if command is None:
        return False
    name, addressed = command[1].lower(), (command[2] or "").lower()
    if private:
        return name in PRIVATE_COMMANDS and addressed in ("", username.lower())
    return name in GROUP_COMMANDS and addressed == username.lower()


def _is_of_a_bot(update: dict[str, Any]) -> bool:
    match event_in(update):
        case {"chat": _, "from": {"is_bot": True}}:
            return True
    return False


def _is_private(message: dict[str, Any]) -> bool:
    match message:
        case {"chat": {"type": "private"}}:
            return True
    return False
