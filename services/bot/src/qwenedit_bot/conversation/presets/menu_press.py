"""A press of a button in a menu of presets: whose menu it is, and which pictures it is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiogram.types import Message

from qwenedit_bot.chat.rate_limit.limits import is_group
from qwenedit_bot.conversation.photos.dialogue import Dialogue, waiting_pictures
from qwenedit_bot.conversation.photos.offer import browse
from qwenedit_bot.conversation.photos.ownership import asker_of
from qwenedit_bot.conversation.photos.photos import picture_of
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import CallbackQuery

    from qwenedit_bot.chat.view import View
    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.pictures.sources import Attachment, StoredPicture
    from qwenedit_bot.presets.catalogue import Preset
    from qwenedit_bot.texts import Words


@dataclass(frozen=True, slots=True)
class Menu:
    """The message under which a button was pressed, and the one that it answers."""

    message: Message
    about: Message | None
    """The user's photo, a result, or the command that asked for the menu; None where it is deleted."""

    @property
    def about_id(self) -> int | None:
        """The id of the message that the menu answers."""
        return self.about.message_id if self.about is not None else None


async def pressed_menu(press: CallbackQuery, words: Words, services: Services) -> Menu | None:
    """Return what was pressed, or say why the press does nothing."""
    if not isinstance(press.message, Message):  # Telegram no longer shows bots what they wrote so long ago
        await services.messenger.answer_press(press.id, words(Text.PRESS_FORGOTTEN), alert=True)
        return None
    about = press.message.reply_to_message
    asker = await asker_of(about, services) if about is not None else None
    if asker is None and is_group(press.message.chat.id):  # nothing says any more whose menu this is
        await services.messenger.answer_press(press.id, words(Text.PRESS_FORGOTTEN), alert=True)
        return None
    if asker not in (None, press.from_user.id):
        await services.messenger.answer_press(press.id, words(Text.PRESS_NOT_YOURS), alert=True)
        return None
    return Menu(press.message, about)


async def pressed_preset(press: CallbackQuery, menu: Menu, words: Words, services: Services) -> Preset | None:
    """Return the preset whose id is in a button, or say that it is gone."""
    preset = services.presets.preset((press.data or "").partition(":")[2])
    if preset is None:
        await services.messenger.answer_press(press.id, words(Text.PRESS_PRESET_GONE), alert=True)
        await show(menu, first_view(menu, words, services), services)
    return preset


async def pictures_of(menu: Menu, services: Services, state: FSMContext) -> tuple[Attachment | StoredPicture, ...]:
    """Return the pictures that a menu is about: those that wait with it, or the one that it answers."""
    waiting = await waiting_pictures(state, about=menu.about_id)
    if waiting or menu.about is None:
        return waiting
    picture = await picture_of(menu.about, services)
    return (picture,) if picture is not None else ()


def first_view(menu: Menu, words: Words, services: Services) -> View:
    """Return all categories."""
    return browse(menu.message.chat.id, words, services)


async def change_of_mind(state: FSMContext) -> None:
    """Forget the preset that waits for photos: a user who opens the menu again wants another one."""
    if await state.get_state() == Dialogue.preset_photos:
        await state.clear()


async def show(menu: Menu, view: View, services: Services) -> None:
    """Show something else in the menu's message."""
    await services.messenger.edit(menu.message.chat.id, menu.message.message_id, view)
