"""The languages that users chose, and the handler of `/language`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, View
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_bot.texts import LANGUAGES, Text

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_bot.texts import Texts, Words

LANGUAGE = "language"
"""First part of a button's data; the language follows, or nothing for Telegram's."""


class Languages:
    """The languages that users chose."""

    personal_data = (
        PersonalData("the language chosen with `/language`", "language", seconds=timeouts.LANGUAGE, told="language"),
    )

    def __init__(self, redis: Redis, keys: BotKeys, texts: Texts) -> None:
        self._redis = redis
        self._keys = keys
        self._texts = texts

    async def words_of(self, user_id: int, code: str | None) -> Words:
        """Return the texts in a user's language; `code` is their Telegram's language, if known."""
        chosen = await self._redis.get(self._keys.language(user_id))
        return self._texts.of(str(chosen) if chosen is not None else code)

    async def choose(self, user_id: int, language: str | None) -> None:
        """Store a user's choice among `LANGUAGES`; None follows their Telegram again."""
        if language in LANGUAGES:
            await self._redis.set(self._keys.language(user_id), language, ex=timeouts.LANGUAGE)
        else:
            await self._redis.delete(self._keys.language(user_id))


async def choose_language(turn: Turn) -> None:
    """Offer the languages, each by its own name; the press of one makes it the user's first."""
    words, texts, press = turn.words, turn.services.texts, turn.press
    if press is not None and turn.verb == LANGUAGE:
        await turn.services.languages.choose(turn.user_id, turn.data)
        words = await turn.services.languages.words_of(turn.user_id, press.from_user.language_code)
        await turn.toast(words(Text.PRESS_LANGUAGE))
    offered = tuple(Button(texts.of(each)(Text.LANGUAGE_NAME), f"{LANGUAGE}:{each}") for each in LANGUAGES)
    view = View(words(Text.LANGUAGE), (offered, (Button(words(Text.LANGUAGE_OF_TELEGRAM), f"{LANGUAGE}:"),)))
    await (turn.show(view) if turn.verb == LANGUAGE else turn.say(view))
