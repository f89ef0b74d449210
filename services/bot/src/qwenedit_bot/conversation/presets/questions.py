"""Answers to the bot's questions about a preset: the preset or the caption, each photo or only the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.chat.actors import own_words
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.conversation.photos.dialogue import (
    PresetOrWords,
    forget_taken,
    messages_of_waiting,
    waiting_pictures,
)
from qwenedit_bot.conversation.presets.jobs import request_of
from qwenedit_bot.conversation.presets.menu_press import pictures_of, pressed_menu, pressed_preset, show
from qwenedit_bot.edits.requests.request import Request, RequestOutcome
from qwenedit_bot.presets import preset_views
from qwenedit_bot.presets.catalogue import text_in
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import CallbackQuery

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.conversation.presets.menu_press import Menu
    from qwenedit_bot.pictures.sources import Attachment, StoredPicture
    from qwenedit_bot.presets.catalogue import Preset
    from qwenedit_bot.texts import Words


async def words_instead(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Take the job of a photo's caption; the preset that was chosen before is dropped."""
    menu = await pressed_menu(press, words, services)
    if menu is None:
        return
    pictures = await pictures_of(menu, services, state)
    wish = await _wish(menu, state)
    if not pictures or not wish or menu.about is None:
        await services.messenger.answer_press(press.id, words(Text.PRESS_EXPIRED), alert=True)
        return
    await services.messenger.answer_press(press.id, "")
    source = Source(menu.about.chat.id, menu.about.message_id)
    request = Request(services.ids, source, press.from_user.id, pictures, instruction=wish)
    outcome = await services.submit(request, words)  # whose answer takes the question's place
    if outcome is not RequestOutcome.NOT_NOW and await waiting_pictures(state, about=menu.about_id):
        await state.clear()


async def first(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Take the job for the first photos, as many as the preset takes."""
    await _take(press, words, services, state, each=False)


async def each(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Take a job for each of the photos."""
    await _take(press, words, services, state, each=True)


async def _wish(menu: Menu, state: FSMContext) -> str:
    """Return the words beside the photos: those that were kept, or the caption of the one that the menu answers."""
    asked = await PresetOrWords.kept(state, about=menu.about_id)
    if asked is not None:
        return asked.words
    return (menu.about.caption or "").strip() if menu.about is not None and own_words(menu.about) else ""


async def _take(press: CallbackQuery, words: Words, services: Services, state: FSMContext, *, each: bool) -> None:
    menu = await pressed_menu(press, words, services)
    preset = await pressed_preset(press, menu, words, services) if menu is not None else None
    if menu is None or preset is None:
        return
    pictures = await waiting_pictures(state, about=menu.about_id)
    if len(pictures) < preset.photos:  # they have waited too long, or another press has taken them
        await services.messenger.answer_press(press.id, words(Text.PRESS_EXPIRED), alert=True)
        return
    await services.messenger.answer_press(press.id, text_in(preset.name, words.language))
    each = each and preset.photos == 1
    parts = [(picture,) for picture in pictures] if each else [pictures[: preset.photos]]
    sources = await _sources(menu, state, len(pictures))
    outcomes = [
        await _submit(press, menu, words, services, preset, part, source, number)
        for number, (part, source) in enumerate(zip(parts, sources, strict=False), 1)
    ]
    await show(menu, preset_views.taken(words, preset, len(parts)), services)
    await forget_taken(state, outcomes, each=each)


async def _sources(menu: Menu, state: FSMContext, count: int) -> list[Source]:
    """Name the message that each answer replies to: the photo's own, where that is known."""
    about = menu.about or menu.message
    brought = await messages_of_waiting(state)
    messages = brought if len(brought) == count else (about.message_id,) * count
    return [Source(about.chat.id, message_id) for message_id in messages]


async def _submit(
    press: CallbackQuery,
    menu: Menu,
    words: Words,
    services: Services,
    preset: Preset,
    pictures: tuple[Attachment | StoredPicture, ...],
    source: Source,
    number: int,
) -> RequestOutcome:
    """Ask for a job, once for each question and photo, however often the button is pressed."""
    question = f"{menu.message.message_id}:{number}"
    request = request_of(services.ids, source, press.from_user.id, preset, pictures, question)
    return await services.submit(request, words)


def make_router() -> Router:
    """Make the router of the questions' buttons."""
    router = Router(name="preset questions")
    router.callback_query.register(words_instead, F.data == preset_views.OWN_WORDS)
    router.callback_query.register(first, F.data.startswith(f"{preset_views.FIRST}:"))
    router.callback_query.register(each, F.data.startswith(f"{preset_views.EACH}:"))
    return router
