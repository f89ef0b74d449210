"""Buttons under the bot's first words that do what commands do, so that nobody must know commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.chat.view import Button, Buttons, ButtonStyle, View, single
from qwenedit_bot.conversation.account import language_menu
from qwenedit_bot.conversation.results import is_first_tap
from qwenedit_bot.conversation.step import can_resume
from qwenedit_bot.conversation.turn import on
from qwenedit_bot.edits.larger import as_cameras_count
from qwenedit_bot.edits.requests.request import MAX_INSTRUCTION
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.conversation.draft import Draft
    from qwenedit_bot.conversation.turn import Turn
    from qwenedit_bot.texts import Words

OPEN = "open"
"""First part of a button's data; what it opens follows."""
RESUME = "resume"
"""Data of the button that does what couldn't be done before."""
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


def waiting_view(words: Words, draft: Draft, text: Text, **values: int) -> View:
    """Say something, with a button that does what couldn't be done before, if anything waits for that."""
    button = Button(words(Text.RESUME_BUTTON), RESUME, ButtonStyle.PRIMARY)
    return View(words(text, **values), single(button) if can_resume(draft) else ())


async def opened(turn: Turn) -> None:
    """Answer as the command would, below the message that has the button."""
    if turn.press is not None and await is_first_tap(turn):
        name = (turn.press.data or "").partition(":")[2]
        if name == _PRESETS:
            view = preset_views.browse(turn.words, turn.services.presets)
        elif name == _LANGUAGE:
            view = language_menu.view(turn.words, turn.services)
        else:
            view = help_view(turn.words, turn.services)
        await turn.say(view, to=turn.to(turn.shown, turn.press.id))
    await turn.toast()


def make_press_router() -> Router:
    """Make the router of these buttons."""
    router = Router(name="menu")
    router.callback_query.register(on(opened), F.data.startswith(f"{OPEN}:"), F.message.chat.type == "private")
    return router


def _language(words: Words) -> Button:
    return Button(words(Text.LANGUAGE_BUTTON), f"{OPEN}:{_LANGUAGE}")
