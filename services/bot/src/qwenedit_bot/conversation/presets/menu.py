"""The menu of ready-made edits: categories, their presets, and the choice of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.rate_limit.limits import is_group
from qwenedit_bot.conversation.photos.dialogue import PresetOrWords, PresetPhotos, waiting_pictures
from qwenedit_bot.conversation.photos.gathered import is_for_each
from qwenedit_bot.conversation.presets.jobs import request_of
from qwenedit_bot.conversation.presets.menu_press import (
    change_of_mind,
    first_view,
    pictures_of,
    pressed_menu,
    pressed_preset,
    show,
)
from qwenedit_bot.conversation.presets.questions import each
from qwenedit_bot.conversation.taps import in_the_works
from qwenedit_bot.edits.requests.request import RequestOutcome
from qwenedit_bot.presets import preset_views
from qwenedit_bot.presets.catalogue import text_in
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import CallbackQuery

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words


async def categories(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Go back to all categories."""
    menu = await pressed_menu(press, words, services)
    if menu is None:
        return
    await change_of_mind(state)
    await services.messenger.answer_press(press.id, "")
    await show(menu, first_view(menu, words, services), services)


async def category(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Show the presets of a category, or a page of them."""
    menu = await pressed_menu(press, words, services)
    if menu is None:
        return
    await change_of_mind(state)
    category_id, _, page = (press.data or "").partition(":")[2].partition(":")
    found = services.presets.category(category_id)
    if found is None:
        await services.messenger.answer_press(press.id, words(Text.PRESS_PRESET_GONE), alert=True)
        await show(menu, first_view(menu, words, services), services)
        return
    await services.messenger.answer_press(press.id, "")
    await show(menu, preset_views.category(words, found, int(page) if page.isdecimal() else 0), services)


async def choose(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Take the job where its photos are there; ask for those that lack, or which of too many are meant."""
    menu = await pressed_menu(press, words, services)
    preset = await pressed_preset(press, menu, words, services) if menu is not None else None
    if menu is None or preset is None:
        return
    pictures = await pictures_of(menu, services, state)
    asked = await PresetOrWords.kept(state, about=menu.about_id)
    if asked is not None and asked.preset == preset.id:
        pictures = (*asked.earlier, *pictures)
    if len(pictures) < preset.photos:
        await PresetPhotos(preset.id, pictures).keep(state)
        await services.messenger.answer_press(press.id, "")
        found = services.presets.category_of(preset.id)
        in_group = is_group(menu.message.chat.id)
        view = preset_views.ask_photo(words, preset, len(pictures) + 1, found, in_group=in_group)
        await show(menu, view, services)
        return
    if len(pictures) > preset.photos and await is_for_each(state):
        await each(press, words, services, state)
        return
    if len(pictures) > preset.photos:
        await services.messenger.answer_press(press.id, "")
        await show(menu, preset_views.too_many(words, preset, len(pictures)), services)
        return
    about = menu.about or menu.message
    source = Source(about.chat.id, about.message_id)
    request = request_of(services.ids, source, press.from_user.id, preset, pictures, press.id)
    if await in_the_works(request, services):
        await services.messenger.answer_press(press.id, words(Text.PRESS_IN_THE_WORKS))
        return
    await services.messenger.answer_press(press.id, text_in(preset.name, words.language))
    outcome = await services.submit(request, words)
    if outcome is not RequestOutcome.NOT_NOW and await waiting_pictures(state, about=about.message_id):
        await state.clear()  # a text that comes now is no instruction any more; the buttons still work


def make_press_router() -> Router:
    """Make the router of the menu's buttons."""
    router = Router(name="presets")
    router.callback_query.register(categories, F.data == preset_views.CATEGORIES)
    router.callback_query.register(category, F.data.startswith(f"{preset_views.CATEGORY}:"))
    router.callback_query.register(choose, F.data.startswith(f"{preset_views.PRESET}:"))
    return router
