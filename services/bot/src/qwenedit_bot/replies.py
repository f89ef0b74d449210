"""One message of the bot for each message of a user, however often the user's message is handled."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwenedit_bot.recent import Recent

if TYPE_CHECKING:
    from collections.abc import Callable

    from redis.asyncio import Redis

    from qwenedit_bot.keys import BotKeys
    from qwenedit_bot.messenger import Messenger, Source
    from qwenedit_bot.views import View

REMEMBERED = 2 * 86_400
"""Seconds: longer than Telegram keeps undelivered updates."""
MOST_RECENT = 10_000
"""Replies known to this process as well, should Redis forget them."""


class Replies:
    """Replies that are remembered by the message they answer, and edited when they are given again."""

    def __init__(
        self, redis: Redis, keys: BotKeys, messenger: Messenger, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._messenger = messenger
        self._recent: Recent[str, int] = Recent(most=MOST_RECENT, clock=clock)

    async def say(self, to: Source, view: View) -> int:
        """Answer a user's message; returns the id of the bot's message."""
        known = await self.find(to)
        if known is not None and await self._messenger.edit(to.chat_id, known, view):
            return known
        sent = await self._messenger.send(to, view)
        await self.remember(to, sent)
        return sent

    async def find(self, to: Source) -> int | None:
        """Return the id of the bot's message that answers a user's message, if it was answered."""
        key = self._keys.reply(to.chat_id, to.message_id, to.discriminator)
        known = await self._redis.get(key)
        return int(known) if known is not None else self._recent.get(key)

    async def remember(self, to: Source, message_id: int) -> None:
        """Let a message of the bot's be the answer to a user's message from now on."""
        key = self._keys.reply(to.chat_id, to.message_id, to.discriminator)
        self._recent.note(key, message_id)
        await self._redis.set(key, message_id, ex=REMEMBERED)

    async def give_back(self) -> int:
        """Tell Redis of recent replies that it has forgotten; returns how many."""
        pipeline = self._redis.pipeline(transaction=False)
        for key, message_id in self._recent.items():
            pipeline.set(key, message_id, nx=True, ex=REMEMBERED)
        return sum(map(bool, await pipeline.execute()))

    def forget(self, chat_id: int) -> None:
        """Forget what this process remembers of a chat; Redis' part is the caller's."""
        prefix = self._keys.reply(chat_id, 0).removesuffix("0")
        self._recent.drop(lambda key: key.startswith(prefix))

    async def speaks_for(self, to: Source, occasion: str, *, seconds: int) -> bool:
        """Whether this message is the one that gets the answer for all that follow it, each within so many seconds."""
        key = self._keys.occasion(to.chat_id, occasion)
        await self._redis.set(key, to.message_id, nx=True, ex=seconds)
        speaker = int(await self._redis.get(key) or 0)
        await self._redis.expire(key, seconds)
        return speaker == to.message_id
