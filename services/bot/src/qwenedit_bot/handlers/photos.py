"""A photo with its instruction, or first the one and then the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.state import State, StatesGroup

from qwenedit_bot.handlers.context import source_of
from qwenedit_bot.submit import Attachment, Outcome, Request, refused_unseen
from qwenedit_bot.texts import Text
from qwenedit_bot.views import View

if TYPE_CHECKING:
    from aiogram.fsm.context import FSMContext
    from aiogram.types import Document, Message

    from qwenedit_bot.handlers.context import Services
    from qwenedit_bot.texts import Words

DIALOGUE_TTL = 3600
"""Seconds that a photo waits for its instruction; /privacy says so too."""

_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic", ".heif", ".gif")


class Dialogue(StatesGroup):
    """What the bot waits for."""

    instruction = State()


def attachment_of(message: Message) -> Attachment | None:
    """Return the picture that a message carries, as a photo or as a file."""
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return Attachment(largest.file_id, largest.file_size, None)
    if message.document is not None and message.animation is None and _is_picture(message.document):
        return Attachment(message.document.file_id, message.document.file_size, message.document.mime_type or "")
    return None


def _is_picture(document: Document) -> bool:
    name = (document.file_name or "").lower()
    return (document.mime_type or "").startswith("image/") or name.endswith(_EXTENSIONS)


async def album(message: Message, words: Words, services: Services) -> None:
    """Refuse an album, once for all of its messages."""
    if message.media_group_id and await services.replies.speaks_for_album(source_of(message), message.media_group_id):
        await services.replies.say(source_of(message), View(words(Text.ALBUM)))


async def photo(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Take the job, or ask what to do with the photo. The caption of a forwarded photo is not its sender's wish."""
    attachment = attachment_of(message)
    instruction = (message.caption or "").strip() if message.forward_origin is None else ""
    if attachment is None:
        return
    if instruction:
        await state.clear()
        await _submit(message, attachment, instruction, words, services)
        return
    refusal = refused_unseen(words, attachment)
    if refusal is None:
        await state.set_state(Dialogue.instruction)
        await state.set_data({"file_id": attachment.file_id, "size": attachment.size, "mime": attachment.mime})
    await services.replies.say(source_of(message), refusal or View(words(Text.ASK_INSTRUCTION)))


async def instruction_as_reply(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Take the job for the photo that the text replies to."""
    attachment = attachment_of(message.reply_to_message) if message.reply_to_message else None
    if attachment is not None and message.text:
        await state.clear()
        await _submit(message, attachment, message.text.strip(), words, services)


async def instruction(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Take the job for the photo that waits."""
    data = await state.get_data()
    if not data or not message.text:
        await without_photo(message, words, services)
        return
    outcome = await _submit(message, Attachment(**data), message.text.strip(), words, services)
    if outcome is not Outcome.NOT_NOW:
        await state.clear()


async def without_photo(message: Message, words: Words, services: Services) -> None:
    """Say that a photo is needed, unless this text was an instruction that was taken before a crash."""
    if await services.replies.find(source_of(message)) is None:
        await services.replies.say(source_of(message), View(words(Text.TEXT_WITHOUT_PHOTO)))


async def _submit(message: Message, attachment: Attachment, wish: str, words: Words, services: Services) -> Outcome:
    user_id = message.from_user.id if message.from_user else message.chat.id
    request = Request(source=source_of(message), user_id=user_id, attachment=attachment, instruction=wish)
    return await services.submit(request, words)


def make_router() -> Router:
    """Make the router of photos and of texts, from the most to the least particular."""
    router = Router(name="photos")
    router.message.register(album, F.media_group_id)
    router.message.register(photo, F.photo | F.document, _carries_picture)
    router.message.register(instruction_as_reply, F.text, F.reply_to_message, _replies_to_picture)
    router.message.register(instruction, F.text, StateFilter(Dialogue.instruction))
    router.message.register(without_photo, F.text)
    return router


def _carries_picture(message: Message) -> bool:
    return attachment_of(message) is not None


def _replies_to_picture(message: Message) -> bool:
    return message.reply_to_message is not None and _carries_picture(message.reply_to_message)
