"""Handlers of users' own data: `/language`, `/privacy` and `/forget`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwenedit_bot.chat.view import Button, ButtonStyle, View
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import FORGET_ALL, FORGET_NOT, PersonalData
from qwenedit_bot.texts import LANGUAGES, Text

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_bot.texts import Texts, Words

LANGUAGE = "language"
"""First part of a button's data; the language follows, or nothing for Telegram's."""
UNITS = {"years": 365 * 86_400, "days": 86_400, "hours": 3600}


@dataclass(frozen=True, slots=True)
class Retention:
    """The personal data that this installation stores, for `/privacy`."""

    personal_data: tuple[PersonalData, ...]
    """As declared by each feature."""
    counted: bool = False
    """Whether users have a daily quota."""
    checked: bool = False
    """Whether a moderation hook sees photos, instructions and results."""
    selling: bool = False
    """Whether users may buy jobs."""


def notice(words: Words, retention: Retention) -> View:
    """Return the text of `/privacy`."""
    times = {
        data.told: period(words, data.seconds)
        for data in retention.personal_data
        if data.told and data.seconds is not None
    }
    also = (
        (Text.PRIVACY_COUNTED, retention.counted),
        (Text.PRIVACY_CHECKED, retention.checked),
        (Text.PRIVACY_PAID, retention.selling),
    )
    more = [words(text, **times) for text, holds in also if holds]
    return View(
        "\n".join([words(Text.PRIVACY_SHORT), "", words(Text.PRIVACY, **times), *more, "", words(Text.PRIVACY_PROMISE)])
    )


def period(words: Words, seconds: int) -> str:
    """Format a duration in the largest exact unit, one day as hours; minutes are rounded up."""
    minutes = -(-seconds // 60)
    for unit, length in UNITS.items():
        count, rest = divmod(minutes * 60, length)
        if rest == 0 and count > (unit == "days"):
            return words(Text.PERIOD, unit=unit, count=count)
    return words(Text.PERIOD, unit="minutes", count=minutes)


async def tell_privacy(turn: Turn) -> None:
    """Answer `/privacy`."""
    await turn.say(notice(turn.words, turn.services.retention))


async def answer_privacy(turn: Turn) -> None:
    """Answer a question about privacy in a few words."""
    checked = (Text.PRIVACY_CHECKED,) if turn.services.retention.checked else ()
    told = map(turn.words, (Text.PRIVACY_SHORT, *checked, Text.PRIVACY_MORE))
    await turn.say(View("\n\n".join(told)))


async def ask_to_forget(turn: Turn) -> None:
    """Say what would be deleted and what stays, and ask for confirmation."""
    words = turn.words
    buttons = (
        (
            Button(words(Text.FORGET_BUTTON), FORGET_ALL, ButtonStyle.DANGER),
            Button(words(Text.FORGET_NOT_BUTTON), FORGET_NOT),
        ),
    )
    retention = turn.services.retention
    also = ((Text.FORGET_COUNTED, retention.counted), (Text.FORGET_PAID, retention.selling))
    stays = " ".join(words(text) for text, holds in also if holds)
    await turn.say(View("\n\n".join(filter(None, (words(Text.FORGET), stays))), buttons))


async def confirm(turn: Turn) -> None:
    """Handle the answer to `/forget`: erase the user's data, or don't. Idempotent."""
    services, press = turn.services, turn.press
    if press is None or press.data != FORGET_ALL:
        said = Text.FORGET_NOT
    else:
        await services.user_erasure.check_rate(turn.user_id, press.id)
        await services.user_erasure.forget(turn.user_id)
        said = Text.FORGOTTEN
    await turn.show(View(turn.words(said)))


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


async def offer_languages(turn: Turn) -> None:
    """Offer the languages, each by its own name."""
    await turn.say(languages(turn.words, turn.services.texts))


async def choose_language(turn: Turn) -> None:
    """Change the user's language."""
    services, press = turn.services, turn.press
    if press is None:
        return
    await services.languages.choose(turn.user_id, turn.data)
    words = await services.languages.words_of(turn.user_id, press.from_user.language_code)
    await turn.toast(words(Text.PRESS_LANGUAGE))
    await turn.show(languages(words, services.texts))


def languages(words: Words, texts: Texts) -> View:
    """Ask for the language."""
    offered = tuple(Button(texts.of(each)(Text.LANGUAGE_NAME), f"{LANGUAGE}:{each}") for each in LANGUAGES)
    return View(words(Text.LANGUAGE), (offered, (Button(words(Text.LANGUAGE_OF_TELEGRAM), f"{LANGUAGE}:"),)))
