"""Which language each user is answered in: the one they chose, or else their Telegram's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.common.retention import PersonalData
from qwenedit_bot.texts import LANGUAGES

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.texts import Texts, Words

REMEMBERED = 365 * 86_400
"""Seconds that a choice is kept."""


class Languages:
    """The users' languages."""

    personal_data = (
        PersonalData(
            what="the language chosen with `/language`", keys=("language",), seconds=REMEMBERED, told="language"
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys, texts: Texts) -> None:
        self._redis = redis
        self._keys = keys
        self._texts = texts

    async def words_of(self, user_id: int, code: str | None) -> Words:
        """Return a user's words; `code` is the language of their Telegram, if it has one."""
        chosen = await self._redis.get(self._keys.language(user_id))
        return self._texts.of(str(chosen) if chosen is not None else code)

    async def choose(self, user_id: int, language: str | None) -> None:
        """Answer a user in one of `LANGUAGES` from now on; None follows their Telegram again."""
        if language in LANGUAGES:
            await self._redis.set(self._keys.language(user_id), language, ex=REMEMBERED)
        else:
            await self._redis.delete(self._keys.language(user_id))
