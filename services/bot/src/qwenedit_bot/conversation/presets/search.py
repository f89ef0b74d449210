"""Searching the presets by a word: `/presets beard`, or the next text after the button."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import StateFilter

from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.photos.dialogue import (
    Dialogue,
    about_of_waiting,
    end_query,
    wait_for_instruction,
    wait_for_query,
    waiting_pictures,
)
from qwenedit_bot.conversation.photos.offer import browse, offer, question
from qwenedit_bot.conversation.photos.photos import picture_of, replies_to_picture
from qwenedit_bot.conversation.presets.menu_press import change_of_mind, pictures_of, pressed_menu, show
from qwenedit_bot.presets import preset_views

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.fsm.context import FSMContext
    from aiogram.types import CallbackQuery, Message

    from qwenedit_bot.chat.view import View
    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words


async def command(
    message: Message, words: Words, services: Services, state: FSMContext, command: CommandObject
) -> None:
    """Offer the presets, or those that a word finds: for the photo that is replied to or waits, or for one to come."""
    query = (command.args or "").strip()
    await change_of_mind(state)
    about = await _photo_of(message, services, state)
    to = source_of(message) if about is None else Source(message.chat.id, about, f"presets:{message.message_id}")
    await services.replies.say(to, await menu_for(about, message.chat.id, words, services, state, said=query))


async def menu_for(
    about: int | None, chat_id: int, words: Words, services: Services, state: FSMContext, *, said: str = ""
) -> View:
    """Return the menu for the photo in a message, or for one to come; with what a query finds, if there is one."""
    if said:
        return await _found(chat_id, said, words, services)
    if about is None:
        return browse(chat_id, words, services)
    return question(chat_id, words, services, photos=len(await waiting_pictures(state, about=about)) or 1)


async def ask(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Let the user's next text be a query; the pictures that the menu is about go on waiting."""
    menu = await pressed_menu(press, words, services)
    if menu is None:
        return
    await change_of_mind(state)
    if not await waiting_pictures(state, about=menu.about_id) and (found := await pictures_of(menu, services, state)):
        await wait_for_instruction(state, found, about=menu.about_id)
    await wait_for_query(state)
    await services.messenger.answer_press(press.id, "")
    await show(menu, preset_views.ask_query(words), services)


async def query(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Show what a text finds; the text after it is an instruction again, where pictures wait for one."""
    about = await about_of_waiting(state)
    view = await _found(message.chat.id, message.text or "", words, services)
    to = Source(message.chat.id, about, f"presets:{message.message_id}") if about is not None else source_of(message)
    await services.replies.say(to, view)
    await end_query(state, message.message_id)


async def _photo_of(message: Message, services: Services, state: FSMContext) -> int | None:
    """Return the id of the message with the photo that a command is about; None for a photo to come."""
    about = message.reply_to_message
    if about is not None and await picture_of(about, services) is not None:
        return about.message_id
    return await about_of_waiting(state)


async def _found(chat_id: int, said: str, words: Words, services: Services) -> View:
    found = await asyncio.to_thread(services.preset_search.find, said)
    return preset_views.found(words, offer(chat_id, services), said, found)


def make_router() -> Router:
    """Make the router of the text that a search waits for; it goes before that of other texts."""
    router = Router(name="preset search")
    router.message.filter(StateFilter(Dialogue.preset_query))
    router.message.register(query, F.text, ~F.text.startswith("/"), ~F.func(replies_to_picture))
    return router


def make_press_router() -> Router:
    """Make the router of the button."""
    router = Router(name="search button")
    router.callback_query.register(ask, F.data == preset_views.SEARCH)
    return router
