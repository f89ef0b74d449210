"""Answers each message of a user with one message, which is edited if the message is handled again."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import TYPE_CHECKING

from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_bot.common.sure_writes import SureWrites

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_bot.chat.messenger import Messenger
    from qwenedit_bot.chat.view import Source, View
    from qwenedit_bot.common.keys import BotKeys


class Replies:
    """Remembers the reply to each message, and edits it when it changes.

    A handler that can't continue is called again from its start. A view that was sent before isn't sent again, so
    Telegram gets each view once.

    A reply is remembered for longer than a job may wait, `longest_wait` seconds: the job's answer replaces it.
    """

    def __init__(self, redis: Redis, keys: BotKeys, messenger: Messenger, *, longest_wait: float = 0.0) -> None:
        self._remembered = max(timeouts.REPLY, math.ceil(longest_wait) + timeouts.UPDATE)
        self.personal_data = (
            PersonalData(
                "which of the bot's messages answers which of the user's, by ID",
                "reply",
                seconds=self._remembered,
                until="`MAX_WAIT` times `MAX_RETRIES` and a day, or if longer",
                told="replies",
            ),
            PersonalData(
                "what an answer has said, as hashes, and what it stands for", "said occasion", seconds=timeouts.SAID
            ),
        )
        self._redis = redis
        self._writes = SureWrites(redis)
        self._keys = keys
        self._messenger = messenger

    async def say(self, to: Source, view: View, *, edited_at: int | None = None) -> int:
        """Answer a user's message; returns the id of the bot's message.

        `edited_at` is when the message was corrected: a later correction may get the same answer.
        """
        digest = _digest(view, edited_at)
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.get(self._keys.reply(*to.answer))
        pipeline.sismember(self._keys.said(*to.answer), digest)
        found, said = await pipeline.execute()
        if found is None:
            return await self._say_first(to, view, digest)
        message_id = int(found)
        if said:
            return message_id
        if not await self._messenger.edit(to.chat_id, message_id, view):
            message_id = await self._messenger.send(to, view)
        await self._note(to, message_id, digest)
        return message_id

    async def _say_first(self, to: Source, view: View, digest: str) -> int:
        """Send an answer, and delete it if another replica answered meanwhile.

        A paused replica may resume after others took over: its message would never change again.
        """
        message_id = await self._messenger.send(to, view)
        answer = await self._note(to, message_id, digest, first=True)
        if answer != message_id:
            await self._messenger.delete(to.chat_id, message_id)
        return answer

    async def ready(self, to: Source) -> None:
        """Take the chat's turn for a first answer before preparing more than that.

        Raises:
            LaterError: The chat has no turn now.
        """
        if await self.find(to) is None:
            await self._messenger.ready(to.chat_id, edit=False)

    async def find(self, to: Source) -> int | None:
        """Return the ID of the bot's answer to a user's message, if there is one."""
        [message_id] = await self.find_all([to])
        return message_id

    async def find_all(self, messages: Sequence[Source]) -> list[int | None]:
        """Return the same for several messages."""
        keys = [self._keys.reply(*to.answer) for to in messages]
        found = await self._redis.mget(keys) if keys else []
        return [None if each is None else int(each) for each in found]

    async def remember(self, to: Source, message_id: int) -> None:
        """Record one of the bot's messages as the answer to a user's message."""
        await self._note(to, message_id, None)

    async def _note(self, to: Source, message_id: int, digest: str | None, *, first: bool = False) -> int:
        """Record an answer, if `first` only when there's none; returns the recorded answer."""
        key, said = self._keys.reply(*to.answer), self._keys.said(*to.answer)
        joins = None if digest is None else (said, digest, timeouts.SAID)
        return int(await self._writes.note(key, message_id, seconds=self._remembered, keep=first, said=joins))

    async def forget_answer(self, to: Source) -> None:
        """Delete the record of an answer."""
        await self._redis.unlink(self._keys.reply(*to.answer), self._keys.said(*to.answer))

    async def is_first(self, chat_id: int, occasion: str, name: str, *, seconds: int) -> bool:
        """Return whether this is the first of an `occasion`, such as quick taps, within so many seconds.

        `name` identifies this one: repeating the call with the same name returns the same.
        """
        key = self._keys.occasion(chat_id, occasion)
        return await self._writes.note(key, name, seconds=seconds, keep=True) == name


def _digest(view: View, edited_at: int | None) -> str:
    said = repr(view if edited_at is None else (view, edited_at))
    return blake2b(said.encode(errors="surrogatepass"), digest_size=8).hexdigest()
