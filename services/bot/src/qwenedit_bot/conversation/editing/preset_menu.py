"""Ready-made edits, chosen by buttons: first the photo and then the edit, or first the edit and then its photos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.types import Message

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.rate_limit.limits import is_group
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.editing.dialogue import Dialogue, PresetPhotos, wait_for_instruction, waiting_pictures
from qwenedit_bot.conversation.editing.ownership import asker_of
from qwenedit_bot.conversation.editing.photos import attachment_of, carries_pictures, picture_of
from qwenedit_bot.edits.requests.refusals import refused_unseen
from qwenedit_bot.edits.requests.request import Request, RequestOutcome
from qwenedit_bot.presets import preset_views
from qwenedit_bot.presets.catalogue import text_in
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import CallbackQuery

    from qwenedit_bot.chat.view import View
    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.edits.requests.job_ids import JobIds
    from qwenedit_bot.pictures.sources import Attachment, StoredPicture
    from qwenedit_bot.presets.catalogue import Preset
    from qwenedit_bot.texts import Words


@dataclass(frozen=True, slots=True)
class _Menu:
    """The message under which a button was pressed, and the one that it answers."""

    message: Message
    about: Message | None
    """The user's photo, a result, or the command that asked for the menu; None where it is deleted."""


async def browse(message: Message, words: Words, services: Services) -> None:
    """Show the categories: for the photo that the command replies to, or for one that is still to come."""
    about = message.reply_to_message
    catalogue = services.presets.catalogue
    if about is not None and await picture_of(about, services) is not None:
        to = Source(about.chat.id, about.message_id, f"presets:{message.message_id}")
        await services.replies.say(to, preset_views.question(words, catalogue))
        return
    await services.replies.say(source_of(message), preset_views.browse(words, catalogue))


async def categories(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Go back to all categories."""
    menu = await _menu(press, words, services)
    if menu is None:
        return
    await _change_of_mind(state)
    await services.messenger.answer_press(press.id, "")
    await _show(menu, await _first_view(menu, words, services, state), services)


async def category(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Show the presets of a category, or a page of them."""
    menu = await _menu(press, words, services)
    if menu is None:
        return
    await _change_of_mind(state)
    category_id, _, page = (press.data or "").partition(":")[2].partition(":")
    found = services.presets.catalogue.category(category_id)
    if found is None:
        await services.messenger.answer_press(press.id, words(Text.PRESS_PRESET_GONE), alert=True)
        await _show(menu, await _first_view(menu, words, services, state), services)
        return
    await services.messenger.answer_press(press.id, "")
    await _show(menu, preset_views.category(words, found, int(page) if page.isdecimal() else 0), services)


async def choose(press: CallbackQuery, words: Words, services: Services, state: FSMContext) -> None:
    """Take the job where its photos are there, else ask for them."""
    menu = await _menu(press, words, services)
    if menu is None:
        return
    preset = services.presets.catalogue.preset((press.data or "").partition(":")[2])
    if preset is None:
        await services.messenger.answer_press(press.id, words(Text.PRESS_PRESET_GONE), alert=True)
        await _show(menu, await _first_view(menu, words, services, state), services)
        return
    pictures = await _pictures(menu, services, state)
    if len(pictures) < preset.photos:
        await PresetPhotos(preset.id, pictures).keep(state)
        await services.messenger.answer_press(press.id, "")
        await _show(menu, _ask(menu.message, words, services, preset, len(pictures) + 1), services)
        return
    about = menu.about or menu.message
    source = Source(about.chat.id, about.message_id)
    request = _request(services.ids, source, press.from_user.id, preset, pictures, press.id)
    if await _in_the_works(request, services):
        await services.messenger.answer_press(press.id, words(Text.PRESS_IN_THE_WORKS))
        return
    await services.messenger.answer_press(press.id, text_in(preset.name, words.language))
    outcome = await services.submit(request, words)
    if outcome is not RequestOutcome.NOT_NOW and await waiting_pictures(state, about=about.message_id):
        await state.clear()  # a text that comes now is no instruction any more; the buttons still work


async def photo(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Take the next photo of a preset, and the job with the last one."""
    waiting = await PresetPhotos.kept(state)
    preset = services.presets.catalogue.preset(waiting.preset) if waiting else None
    attachment = attachment_of(message)
    if waiting is None or preset is None or attachment is None:
        if attachment is not None:
            await wait_for_instruction(state, (attachment,), about=message.message_id)
        await services.replies.say(source_of(message), preset_views.question(words, services.presets.catalogue))
        return
    refusal = refused_unseen(words, (attachment,))
    if refusal is not None:
        await services.replies.say(source_of(message), refusal)
        return
    waiting = waiting.with_one(attachment, message.message_id)
    if len(waiting.pictures) < preset.photos:
        await waiting.keep(state)
        view = _ask(message, words, services, preset, len(waiting.pictures) + 1)
        await services.replies.say(source_of(message), view)
        return
    user_id = actor_of(message) or message.chat.id
    request = _request(services.ids, source_of(message), user_id, preset, waiting.pictures, "")
    if await services.submit(request, words) is not RequestOutcome.NOT_NOW:
        await state.clear()


async def text(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Ask again for the photo that a preset waits for."""
    waiting = await PresetPhotos.kept(state)
    preset = services.presets.catalogue.preset(waiting.preset) if waiting else None
    if waiting is None or preset is None:
        await state.clear()
        await services.replies.say(source_of(message), preset_views.browse(words, services.presets.catalogue))
        return
    view = _ask(message, words, services, preset, len(waiting.pictures) + 1)
    await services.replies.say(source_of(message), view)


async def _menu(press: CallbackQuery, words: Words, services: Services) -> _Menu | None:
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
    return _Menu(press.message, about)


async def _pictures(menu: _Menu, services: Services, state: FSMContext) -> tuple[Attachment | StoredPicture, ...]:
    """Return the pictures that a menu is about: those that wait with it, or the one that it answers."""
    waiting = await waiting_pictures(state, about=menu.about.message_id if menu.about else None)
    if waiting or menu.about is None:
        return waiting
    picture = await picture_of(menu.about, services)
    return (picture,) if picture is not None else ()


async def _first_view(menu: _Menu, words: Words, services: Services, state: FSMContext) -> View:
    catalogue = services.presets.catalogue
    pictures = await _pictures(menu, services, state)
    return (
        preset_views.question(words, catalogue, photos=len(pictures))
        if pictures
        else preset_views.browse(words, catalogue)
    )


async def _change_of_mind(state: FSMContext) -> None:
    """A user who opens the menu again sends no photos for the preset that was chosen before."""
    if await state.get_state() == Dialogue.preset_photos:
        await state.clear()


async def _show(menu: _Menu, view: View, services: Services) -> None:
    await services.messenger.edit(menu.message.chat.id, menu.message.message_id, view)


def _ask(message: Message, words: Words, services: Services, preset: Preset, number: int) -> View:
    category_shown = services.presets.catalogue.category_of(preset.id)
    return preset_views.ask_photo(words, preset, number, category_shown, in_group=is_group(message.chat.id))


def _request(
    ids: JobIds,
    source: Source,
    user_id: int,
    preset: Preset,
    pictures: tuple[Attachment | StoredPicture, ...],
    discriminator: str,
) -> Request:
    return Request(
        ids=ids,
        source=source,
        user_id=user_id,
        attachments=pictures[: preset.photos],
        instruction=preset.prompt,
        workflow=preset.workflow,
        parameters=preset.parameters,
        discriminator=discriminator,
        preset=preset.id,
    )


async def _in_the_works(request: Request, services: Services) -> bool:
    """Whether the same edit of the same photo is not finished yet, as when a button is pressed twice."""
    unfinished = await services.queue.unfinished_ids_of(request.user_id)
    for status in await services.queue.statuses(unfinished):
        reply = status.job.reply
        if (
            status.job.id != request.job_id
            and reply is not None
            and (reply.chat_id, reply.source_message_id) == (request.source.chat_id, request.source.message_id)
            and status.job.edit.prompt == request.instruction
        ):
            return True
    return False


def make_message_router() -> Router:
    """Make the router of the photos that a preset waits for; it goes before that of other photos."""
    router = Router(name="preset photos")
    router.message.filter(StateFilter(Dialogue.preset_photos))
    router.message.register(photo, F.photo | F.document, ~F.caption, ~F.media_group_id, carries_pictures)
    router.message.register(text, F.text, ~F.text.startswith("/"), ~F.reply_to_message)
    return router


def make_press_router() -> Router:
    """Make the router of the menu's buttons."""
    router = Router(name="presets")
    router.callback_query.register(categories, F.data == preset_views.CATEGORIES)
    router.callback_query.register(category, F.data.startswith(f"{preset_views.CATEGORY}:"))
    router.callback_query.register(choose, F.data.startswith(f"{preset_views.PRESET}:"))
    return router
