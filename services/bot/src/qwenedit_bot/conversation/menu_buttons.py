"""Buttons under the bot's first words that do what commands do, so that nobody must know commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.view import Button, Buttons, ButtonStyle, View
from qwenedit_bot.conversation.account import language_menu
from qwenedit_bot.conversation.photos.dialogue import about_of_waiting
from qwenedit_bot.conversation.presets.search import menu
from qwenedit_bot.conversation.taps import is_first_tap
from qwenedit_bot.edits.larger import as_cameras_count
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import CallbackQuery

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words

OPEN = "open"
"""First part of a button's data; what it opens follows."""
_PRESETS, _HELP, _LANGUAGE = "presets", "help", "language"


def start_view(words: Words) -> View:
    """Say how it works."""
    presets = Button(words(Text.STYLES_BUTTON), f"{OPEN}:{_PRESETS}", ButtonStyle.PRIMARY)
    tips = Button(words(Text.HELP_BUTTON), f"{OPEN}:{_HELP}")
    return View(words(Text.START), ((presets,), (tips, _language(words))))


def help_view(words: Words, services: Services) -> View:
    """Say what works well, and the limits."""
    larger = as_cameras_count(services.larger_megapixels)
    presets = Button(words(Text.STYLES_BUTTON), f"{OPEN}:{_PRESETS}", ButtonStyle.PRIMARY)
    return View(words(Text.HELP, length=MAX_INSTRUCTION, larger=larger), ((presets,),))


def to_help(words: Words) -> Buttons:
    """Make the button that opens the tips."""
    return ((Button(words(Text.HELP_BUTTON), f"{OPEN}:{_HELP}"),),)


async def opened(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Answer as the command would, below the message that has the button; presets are for the photo that waits."""
    if press.message is not None and await is_first_tap(press, services):
        name, chat_id = (press.data or "").partition(":")[2], press.message.chat.id
        about = await about_of_waiting(state) if name == _PRESETS else None
        if name == _PRESETS:
            view = await menu(chat_id, words, services)
        else:
            view = language_menu.view(words, services) if name == _LANGUAGE else help_view(words, services)
        await services.replies.say(Source(chat_id, about or press.message.message_id, press.id), view)
    await services.messenger.answer_press(press.id, "")


def make_press_router() -> Router:
    """Make the router of these buttons."""
    router = Router(name="menu")
    router.callback_query.register(opened, F.data.startswith(f"{OPEN}:"), F.message.chat.type == "private")
    return router


def _language(words: Words) -> Button:
    return Button(words(Text.LANGUAGE_BUTTON), f"{OPEN}:{_LANGUAGE}")
