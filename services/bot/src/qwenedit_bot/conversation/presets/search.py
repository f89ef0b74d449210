"""`/presets`, which searches them by a word: `/presets beard`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.photos.dialogue import about_of_waiting
from qwenedit_bot.conversation.photos.offer import browse
from qwenedit_bot.conversation.photos.photos import picture_of
from qwenedit_bot.conversation.presets.menu_press import change_of_mind
from qwenedit_bot.presets import preset_views

if TYPE_CHECKING:
    from aiogram.filters import CommandObject
    from aiogram.fsm.context import FSMContext
    from aiogram.types import Message

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
    await services.replies.say(to, await menu(message.chat.id, words, services, said=query))


async def menu(chat_id: int, words: Words, services: Services, *, said: str = "") -> View:
    """Return all categories, or what a query finds."""
    if not said:
        return browse(chat_id, words, services)
    found = await asyncio.to_thread(services.preset_search.find, said)
    return preset_views.found(words, services.presets, said, found)


async def _photo_of(message: Message, services: Services, state: FSMContext) -> int | None:
    """Return the id of the message with the photo that a command is about; None for a photo to come."""
    about = message.reply_to_message
    if about is not None and await picture_of(about, services) is not None:
        return about.message_id
    return await about_of_waiting(state)
