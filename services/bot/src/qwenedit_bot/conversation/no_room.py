"""Tells users that nothing new is taken in while Redis is full. This process remembers whom it told: Redis cannot.

What they sent is not lost. An update that was refused is not confirmed, so Telegram delivers it again for a day. An
update that was in hand is tried again.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.types import CallbackQuery, Message, Update
from pydantic import ValidationError
from redis.exceptions import RedisError

from qwenedit_bot.chat.errors import (
    ChatUnreachableError,
    LaterError,
    TelegramRefusedError,
    TelegramUnavailableError,
)
from qwenedit_bot.chat.view import View
from qwenedit_bot.common.ttl_cache import TTLCache
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.editing.groups import is_called
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram import Bot

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.users.languages import Languages

TOLD_EVERY = 600.0
"""Seconds between two notices in a chat."""
SEEN_FOR = 86_400.0
"""Seconds for which an update is known that Telegram delivers again: as long as it does so."""
MOST_CHATS = 10_000
AT_MOST = 5.0
"""Seconds for which the notices about some updates are waited for. Who has had no turn by then is told when they are
delivered again."""
MOST_ON_THEIR_WAY = 20
"""Notices that a slow Telegram may have at a time. Who comes then is told when the update is delivered again."""

log = structlog.get_logger(__name__)


class NoRoomNotice:
    """Says in a chat that there is no room, once in a while and for new updates only.

    Args:
        bot: The connection to Telegram.
        languages: The users'.
        replies: Say it to a message that has no answer yet.
        messenger: Says it to a press.
    """

    def __init__(self, bot: Bot, languages: Languages, replies: Replies, messenger: Messenger) -> None:
        self._bot = bot
        self._languages = languages
        self._replies = replies
        self._messenger = messenger
        self._seen: TTLCache[int, int] = TTLCache(most=MOST_CHATS, keep=SEEN_FOR)
        """Chat → its newest update that was looked at."""
        self._told: TTLCache[int, int] = TTLCache(most=MOST_CHATS, keep=TOLD_EVERY)
        """Chat → the update that was answered."""
        self._telling = set[asyncio.Task[bool]]()

    async def tell(self, updates: Sequence[dict[str, Any]]) -> None:
        """Tell the senders of some updates, as far as a few seconds allow; raises nothing that a call raises.

        A notice that is on its way then goes on: Telegram may have it, and the answer is to take its place.
        """
        told = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(AT_MOST):
                for raw in updates:
                    if len(self._telling) >= MOST_ON_THEIR_WAY:
                        break
                    telling = asyncio.create_task(self._tell(raw))
                    self._telling.add(telling)
                    telling.add_done_callback(self._telling.discard)
                    told += await asyncio.shield(telling)
        if told:
            log.warning("update.no_room", chats_told=told)

    async def _tell(self, raw: dict[str, Any]) -> bool:
        event = self._event_of(raw)
        message = event.message if isinstance(event, CallbackQuery) else event
        if event is None or message is None:
            return False
        chat, number = message.chat.id, int(raw["update_id"])
        try:
            if number <= (self._seen.get(chat) or 0):
                return False
            self._seen.note(chat, number)
            waits = self._told.get(chat) is None and await self._waits(event)
            if waits:
                self._told.note(chat, number)
                await self._say(event)
        except (ChatUnreachableError, TelegramRefusedError):
            return False
        except (LaterError, TelegramUnavailableError, RedisError):  # the update comes again
            for known in (self._seen, self._told):
                known.discard(chat)
            return False
        return waits

    def _event_of(self, raw: dict[str, Any]) -> Message | CallbackQuery | None:
        try:
            update = Update.model_validate(raw, context={"bot": self._bot})
        except ValidationError:
            return None
        return update.message or update.callback_query

    async def _waits(self, event: Message | CallbackQuery) -> bool:
        """Whether the sender waits for an answer, and has none."""
        if isinstance(event, CallbackQuery):
            return True
        me = await self._bot.me()
        called = event.chat.type == "private" or is_called(event, me.username or "")
        return called and event.from_user is not None and await self._replies.find(source_of(event)) is None

    async def _say(self, event: Message | CallbackQuery) -> None:
        user = event.from_user
        words = await self._languages.words_of(user.id if user else 0, user.language_code if user else None)
        if isinstance(event, Message):
            await self._replies.say_from_memory(source_of(event), View(words(Text.NO_ROOM)))
        else:
            await self._messenger.answer_press(event.id, words(Text.NO_ROOM), alert=True)
