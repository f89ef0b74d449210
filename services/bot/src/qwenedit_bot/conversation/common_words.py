"""Common words without a slash, such as "help" and "stop": they do what commands do, in every language at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import BaseFilter, CommandObject, StateFilter

from qwenedit_bot.chat.actors import own_words
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation import commands
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.photos.dialogue import Dialogue
from qwenedit_bot.conversation.photos.photos import no_wish
from qwenedit_bot.conversation.presets import search as preset_search
from qwenedit_bot.texts import Text
from qwenedit_bot.texts.meanings import is_chatter, means

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words


class Says(BaseFilter):
    """Lets a text pass that is one of the words of a meaning, written by its sender."""

    def __init__(self, meaning: Text) -> None:
        self._meaning = meaning

    async def __call__(self, message: Message) -> bool:
        """Look at the words."""
        return own_words(message) and means(message.text or "", self._meaning)


class Chatters(BaseFilter):
    """Lets a text pass that has nothing but praise, thanks and laughter, in whatever order."""

    async def __call__(self, message: Message) -> bool:
        """Look at the words."""
        return own_words(message) and is_chatter(message.text or "")


async def presets(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Offer the presets, as `/presets` does."""
    await preset_search.command(message, words, services, state, CommandObject())


async def welcome(message: Message, words: Words, services: Services) -> None:
    """Take thanks."""
    await services.replies.say(source_of(message), View(words(Text.WELCOME)))


def make_router() -> Router:
    """Make the router of common words in private chats."""
    router = Router(name="common words")
    router.message.register(commands.give_help, Says(Text.WORDS_HELP))
    router.message.register(commands.cancel, Says(Text.WORDS_CANCEL))
    router.message.register(commands.start, Says(Text.WORDS_START))
    router.message.register(presets, Says(Text.WORDS_PRESETS))
    router.message.register(commands.status, Says(Text.WORDS_STATUS))
    waits = StateFilter(Dialogue.instruction)  # where “ok” says nothing of what to change
    router.message.register(no_wish, Says(Text.WORDS_THANKS), waits)
    router.message.register(welcome, Says(Text.WORDS_THANKS))
    router.message.register(welcome, F.text, Chatters(), ~waits)
    return router
