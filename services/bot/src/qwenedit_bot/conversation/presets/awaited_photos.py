"""Photos for a preset that was chosen before them, alone or as an album, with or without words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import StateFilter

from qwenedit_bot.chat.actors import actor_of
from qwenedit_bot.chat.rate_limit.limits import is_group
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.context import answered_by, source_of
from qwenedit_bot.conversation.photos.describing import only_describes
from qwenedit_bot.conversation.photos.dialogue import Dialogue, PresetOrWords, PresetPhotos, wait_for_instruction
from qwenedit_bot.conversation.photos.offer import browse
from qwenedit_bot.conversation.photos.photos import attachments_of, carries_pictures, instruction_of, photos
from qwenedit_bot.conversation.presets.jobs import request_of
from qwenedit_bot.edits.requests.refusals import refused_unseen
from qwenedit_bot.edits.requests.request import RequestOutcome
from qwenedit_bot.presets import preset_views
from qwenedit_bot.texts import Text
from qwenedit_jobs import MAX_PICTURES

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.presets.catalogue import Preset
    from qwenedit_bot.texts import Words


async def photo(
    message: Message,
    words: Words,
    services: Services,
    state: FSMContext,
    raw_state: str | None,
    album: tuple[Message, ...],
) -> None:
    """Take the next photos of a preset, and the job with the last one."""
    waiting = await PresetPhotos.kept(state)
    preset = services.presets.preset(waiting.preset) if waiting else None
    if waiting is None or preset is None:
        await photos(message, words, services, state, raw_state, album)
        return
    messages = album or (message,)
    pictures = attachments_of(messages)
    refusal = refused_unseen(words, pictures)
    if refusal is None and len(pictures) > MAX_PICTURES:
        refusal = View(words(Text.ALBUM_TOO_MANY, count=len(pictures), limit=MAX_PICTURES))
    if refusal is not None:
        await services.replies.say(source_of(message), refusal)
        return
    said = instruction_of(messages)
    earlier = waiting.pictures if message.message_id not in waiting.messages else ()
    waiting = waiting.with_more(pictures, message.message_id)
    brought = [each.message_id for each in messages]
    if said and not only_describes(said, preset, services.texts):
        asked = PresetOrWords(preset.id, earlier, said)
        await wait_for_instruction(state, pictures, about=message.message_id, messages=brought, asked=asked)
        await services.replies.say(source_of(message), preset_views.preset_or_words(words, preset, said))
    elif len(waiting.pictures) < preset.photos:
        await waiting.keep(state)
        await services.replies.say(source_of(message), _ask(message, words, services, preset, len(waiting.pictures)))
    elif len(waiting.pictures) > preset.photos:
        some = waiting.pictures[:MAX_PICTURES]
        await wait_for_instruction(state, some, about=message.message_id, messages=brought)
        await services.replies.say(source_of(message), preset_views.too_many(words, preset, len(some)))
    else:
        user_id = actor_of(message) or message.chat.id
        request = request_of(services.ids, source_of(message), user_id, preset, waiting.pictures, "")
        if await services.submit(request, words) is not RequestOutcome.NOT_NOW:
            await state.clear()


async def correct(message: Message, wish: str, words: Words, services: Services, state: FSMContext) -> bool:
    """Take the corrected caption of a preset's photo: ask about it, or change the question; False for other photos."""
    asked = await PresetOrWords.kept(state, about=message.message_id)
    waiting = await PresetPhotos.kept(state)
    if asked is None and (waiting is None or message.message_id not in waiting.messages):
        return False
    preset = services.presets.preset(asked.preset if asked else waiting.preset if waiting else "")
    if preset is None:
        return False
    if asked is not None:
        await replace(asked, words=wish).keep(state)
    elif waiting is None or waiting.messages[-1] != message.message_id or only_describes(wish, preset, services.texts):
        return True  # the preset goes on
    else:
        pictures = attachments_of((message,))
        earlier = tuple(each for each in waiting.pictures if each not in pictures)
        asked = PresetOrWords(preset.id, earlier, wish)
        brought = (message.message_id,)
        await wait_for_instruction(state, pictures, about=message.message_id, messages=brought, asked=asked)
    view = preset_views.preset_or_words(words, preset, wish)
    await services.replies.say(source_of(message), view, edited_at=message.edit_date)
    return True


async def text(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Ask again for the photo that a preset waits for."""
    waiting = await PresetPhotos.kept(state)
    preset = services.presets.preset(waiting.preset) if waiting else None
    if waiting is None or preset is None:
        await state.clear()
        await services.replies.say(source_of(message), browse(message.chat.id, words, services))
        return
    await services.replies.say(source_of(message), _ask(message, words, services, preset, len(waiting.pictures)))


def _ask(message: Message, words: Words, services: Services, preset: Preset, there: int) -> View:
    found = services.presets.category_of(preset.id)
    return preset_views.ask_photo(words, preset, there + 1, found, in_group=is_group(message.chat.id))


def comes_whole(message: Message, album: tuple[Message, ...]) -> bool:
    """Whether a photo is alone, or has its album with it: it does not come after the rest of one."""
    return message.media_group_id is None or bool(album)


def make_router() -> Router:
    """Make the router of the photos that a preset waits for; it goes before that of other photos."""
    router = Router(name="preset photos")
    router.message.filter(StateFilter(Dialogue.preset_photos))
    router.message.register(photo, carries_pictures, comes_whole)
    router.message.register(text, F.text, ~F.text.startswith("/"), ~F.func(answered_by))
    return router
