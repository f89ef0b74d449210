"""`/language`: users choose the language that the bot answers them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.chat.view import Button, View
from qwenedit_bot.conversation.turn import source_of
from qwenedit_bot.texts import LANGUAGES, Text

if TYPE_CHECKING:
    from aiogram.types import CallbackQuery, Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words

LANGUAGE = "language"
"""First part of a button's data; the language follows, or nothing for that of the user's Telegram."""


async def offer(message: Message, words: Words, services: Services) -> None:
    """Offer the languages, each by its own name."""
    await services.replies.say(source_of(message), view(words, services))


async def choose(press: CallbackQuery, services: Services) -> None:
    """Answer in another language from now on."""
    language = (press.data or "").partition(":")[2]
    await services.languages.choose(press.from_user.id, language)
    words = await services.languages.words_of(press.from_user.id, press.from_user.language_code)
    await services.messenger.answer_press(press.id, words(Text.PRESS_LANGUAGE))
    if press.message is not None:
        await services.messenger.edit(press.message.chat.id, press.message.message_id, view(words, services))


def view(words: Words, services: Services) -> View:
    """Ask for the language."""
    names = [(services.texts.of(each)(Text.LANGUAGE_NAME), each) for each in LANGUAGES]
    languages = tuple(Button(name, f"{LANGUAGE}:{each}") for name, each in names)
    return View(words(Text.LANGUAGE), (languages, (Button(words(Text.LANGUAGE_OF_TELEGRAM), f"{LANGUAGE}:"),)))


def make_press_router() -> Router:
    """Make the router of the languages' buttons."""
    router = Router(name="languages")
    router.callback_query.register(choose, F.data.startswith(f"{LANGUAGE}:"), F.message.chat.type == "private")
    return router
