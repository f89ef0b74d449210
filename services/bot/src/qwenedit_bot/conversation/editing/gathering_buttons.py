"""The buttons under the question about several photos: together, one each, or the last one alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram import F, Router

from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.photos.gathered import EACH, TOGETHER, Gathered
from qwenedit_bot.conversation.photos.gathering import GATHER, LAST, submit_all
from qwenedit_bot.conversation.photos.kept_words import shortened
from qwenedit_bot.conversation.photos.offer import question
from qwenedit_bot.conversation.presets.menu_press import pressed_menu, show
from qwenedit_bot.edits.requests.request import RequestOutcome
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import CallbackQuery

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words


async def choose(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Take how the photos are meant: the jobs begin, or the instruction is asked for."""
    menu = await pressed_menu(press, words, services)
    if menu is None:
        return
    how = (press.data or "").partition(":")[2]
    gathered = await Gathered.kept(state)
    if (
        gathered is None
        or menu.about_id not in (None, gathered.about, *gathered.messages)
        or how not in (TOGETHER, EACH, LAST)
    ):
        await services.messenger.answer_press(press.id, words(Text.PRESS_EXPIRED), alert=True)
        return
    await services.messenger.answer_press(press.id, "")
    chosen = replace(gathered, how=how)
    if not chosen.words:
        await chosen.keep(state)
        asked = Text.GATHERED_EACH if how == EACH else Text.ASK_INSTRUCTION_ALBUM
        view = question(menu.message.chat.id, words, services)
        await show(menu, View(words(asked, count=len(chosen.pictures)), view.buttons), services)
        return
    outcomes = await submit_all(menu.message.chat.id, press.from_user.id, chosen, words, services, state)
    if RequestOutcome.NOT_NOW in outcomes:  # the buttons stay: a later press takes what could not be taken now
        return
    if how != EACH:  # the question has become the job's message
        return
    taken = words(Text.GATHERED_TAKEN, count=len(outcomes), said=shortened(chosen.words))
    await show(menu, View(taken), services)


def make_press_router() -> Router:
    """Make the router of the question's buttons."""
    router = Router(name="gathered photos")
    router.callback_query.register(choose, F.data.startswith(f"{GATHER}:"))
    return router
