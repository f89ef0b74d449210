"""Pictures with an instruction, in one message or in two: one to three photos or files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiogram import F, Router
from aiogram.filters import StateFilter

from qwenedit_bot.chat.actors import actor_of, own_words
from qwenedit_bot.chat.messenger import Source
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.photos import gathering
from qwenedit_bot.conversation.photos.dialogue import Dialogue, wait_for_instruction, waiting_pictures
from qwenedit_bot.conversation.photos.gathered import Gathered
from qwenedit_bot.conversation.photos.kept_words import KeptWords, keep_words, say_taken, sent_at
from qwenedit_bot.conversation.photos.offer import question
from qwenedit_bot.conversation.photos.ownership import result_of
from qwenedit_bot.conversation.photos.wishes import wish_in
from qwenedit_bot.edits.requests.gates import BURST
from qwenedit_bot.edits.requests.refusals import refused_unseen
from qwenedit_bot.edits.requests.request import Request, RequestOutcome
from qwenedit_bot.pictures.sources import Attachment
from qwenedit_bot.texts import Text
from qwenedit_bot.texts.meanings import SMALL_TALK, means
from qwenedit_jobs import MAX_PICTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram.fsm.context import FSMContext
    from aiogram.types import Document, Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.pictures.sources import StoredPicture
    from qwenedit_bot.texts import Words

_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".heic", ".heif", ".hif", ".avif", ".gif")


def attachment_of(message: Message) -> Attachment | None:
    """Return the picture that a message carries, as a photo or as a file."""
    still = message.photo or (message.live_photo.photo if message.live_photo is not None else None)
    if still:
        largest = max(still, key=lambda size: size.width * size.height)
        return Attachment(largest.file_id, largest.file_size, None)
    if message.document is not None and message.animation is None and _is_picture(message.document):
        return Attachment(message.document.file_id, message.document.file_size, message.document.mime_type or "")
    return None


def _is_picture(document: Document) -> bool:
    name = (document.file_name or "").lower()
    return (document.mime_type or "").startswith("image/") or name.endswith(_EXTENSIONS)


def attachments_of(messages: Sequence[Message]) -> tuple[Attachment, ...]:
    """Return the pictures of an album, or of a message alone."""
    return tuple(attachment for message in messages if (attachment := attachment_of(message)) is not None)


def instruction_of(messages: Sequence[Message]) -> str:
    """Return what is written beside the pictures: not what is forwarded, and no greeting, thanks or call for help."""
    captions = [wish_in(message.caption or "") for message in messages if own_words(message)]
    return "\n".join(caption for caption in captions if caption and not means(caption, *SMALL_TALK))


def worded_in(album: Sequence[Message]) -> int | None:
    """Return the id of the message with an album's instruction; None where several have some of it."""
    captioned = [message.message_id for message in album if message.caption]
    return captioned[0] if len(captioned) == 1 else None


async def late(message: Message, words: Words, services: Services) -> None:
    """Say that this picture's album has gone ahead without it."""
    await services.replies.say(source_of(message), View(words(Text.ALBUM_LATE)))


async def photos(
    message: Message,
    words: Words,
    services: Services,
    state: FSMContext,
    raw_state: str | None,
    album: tuple[Message, ...],
) -> None:
    """Take the job, or ask what to do with the pictures."""
    messages = album or (message,)
    pictures = attachments_of(messages)
    wish = instruction_of(messages)
    # Where no dialogue would suffer, `submit` looks whether the job is known.
    new_id = services.ids(message.chat.id, message.message_id)
    kept = await KeptWords.kept(state, for_message=message) if raw_state is not None and not wish else None
    if (raw_state is not None or not wish) and await services.submit.known(new_id):
        if kept is not None:
            await _say_taken(kept, message, words, services, state)
        return  # a preset's last photo that was taken before a crash
    if len(pictures) > MAX_PICTURES:
        view = View(words(Text.ALBUM_TOO_MANY, count=len(pictures), limit=MAX_PICTURES))
        await services.replies.say(source_of(message), view)
        return
    refusal = refused_unseen(words, pictures)
    alone = raw_state is None or refusal is not None or (wish and album)
    earlier = None if alone else await gathering.joins(message, wish, state)
    if earlier is not None:
        await gathering.add(messages, pictures, wish, earlier, words, services, state)
        return
    if wish:
        if raw_state is not None:
            await state.clear()
        await submit(message, pictures, wish, words, services, said_in=worded_in(album))
        return
    if refusal is None and kept is not None:
        said_in = kept.first if kept.first == kept.last else None
        outcome = await submit(message, pictures, kept.words, words, services, said_in=said_in)
        if outcome is RequestOutcome.ACCEPTED:
            await _say_taken(kept, message, words, services, state)
        return
    if refusal is None:
        brought = [each.message_id for each in messages]
        await wait_for_instruction(state, pictures, about=message.message_id, messages=brought, at=sent_at(message))
    view = refusal or question(message.chat.id, words, services, photos=len(pictures))
    await services.replies.say(source_of(message), view)


async def _say_taken(kept: KeptWords, message: Message, words: Words, services: Services, state: FSMContext) -> None:
    await say_taken(kept, message, words, services)
    await state.clear()


async def instruction_as_reply(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Take the job for the photo that the text replies to."""
    answered, wish = message.reply_to_message, wish_in(message.text or "")
    picture = await picture_of(answered, services) if answered is not None else None
    if picture is None or answered is None:
        return
    if not wish:
        await no_wish(message, words, services)
        return
    await submit(message, (picture,), wish, words, services)
    others = await Gathered.kept(state)
    left = others.without(answered.message_id) if others is not None else None
    if left is not None and left.pictures:
        await left.keep(state)  # photos that came beside this one still wait
    else:
        await state.clear()


async def instruction(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Take the job for the pictures that wait."""
    pictures, wish = await waiting_pictures(state), wish_in(message.text or "")
    if not pictures:
        await without_photo(message, words, services, state)
        return
    if not wish:
        await no_wish(message, words, services)
        return
    gathered = await Gathered.kept(state)
    if gathered is not None and len(gathered.pictures) > 1:
        await gathering.instruct(message, wish, gathered, words, services, state)
        return
    outcome = await submit(message, pictures, wish, words, services)
    if outcome is not RequestOutcome.NOT_NOW:
        await state.clear()


async def no_wish(message: Message, words: Words, services: Services) -> None:
    """Ask for words, once a burst: a thumb or a few dots say nothing of what to change."""
    if await services.replies.is_first(message.chat.id, "no_wish", str(message.message_id), seconds=BURST):
        await services.replies.say(source_of(message), View(words(Text.NO_WISH)))


async def without_photo(message: Message, words: Words, services: Services, state: FSMContext) -> None:
    """Keep an instruction for the photo to come, unless it was taken before a crash."""
    wish = wish_in(message.text or "")
    if await services.replies.find(source_of(message)) is not None:
        return
    if wish:
        await keep_words(message, wish, words, services, state)
    elif await services.replies.is_first(message.chat.id, "no_photo", str(message.message_id), seconds=BURST):
        await services.replies.say(source_of(message), View(words(Text.TEXT_WITHOUT_PHOTO)))


async def picture_of(message: Message, services: Services) -> Attachment | StoredPicture | None:
    """Return the picture of a message that a text replies to; a result as it was made, while it is kept."""
    result, copy = await result_of(message, services), attachment_of(message)
    return replace(result, copy=copy) if result is not None else copy


async def submit(
    message: Message,
    pictures: tuple[Attachment | StoredPicture, ...],
    wish: str,
    words: Words,
    services: Services,
    *,
    said_in: int | None = None,
) -> RequestOutcome:
    """Ask for a job as the sender of a message.

    Args:
        message: The job answers it.
        pictures: Of the job, in their order.
        wish: The instruction.
        words: Of the sender's language.
        services: Take the job.
        said_in: Id of another message that has the instruction, which its sender may correct there.
    """
    user_id = actor_of(message) or message.chat.id
    request = Request(services.ids, source_of(message), user_id, pictures, wish)
    if said_in is not None and said_in != message.message_id:
        await services.replies.note_words(Source(message.chat.id, said_in), request.job_id)
    return await services.submit(request, words)


def make_router() -> Router:
    """Make the router of photos and of texts, from the most to the least particular."""
    router = Router(name="photos")
    router.message.register(late, F.media_group_id, _comes_alone)
    router.message.register(photos, carries_pictures)
    router.message.register(instruction_as_reply, F.text, F.reply_to_message, replies_to_picture)
    router.message.register(instruction, F.text, StateFilter(Dialogue.instruction))
    router.message.register(without_photo, F.text)
    return router


def carries_pictures(message: Message, album: tuple[Message, ...]) -> bool:
    """Whether a message, or each of an album, has a picture that could be edited."""
    messages = album or (message,)
    return len(attachments_of(messages)) == len(messages)


def replies_to_picture(message: Message) -> bool:
    """Whether a message answers one with a picture."""
    return message.reply_to_message is not None and attachment_of(message.reply_to_message) is not None


def _comes_alone(_message: Message, album: tuple[Message, ...]) -> bool:
    return not album
