"""Groups: the bot acts when it is called by a command, by its name or by a reply, and is quiet otherwise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiogram import F, Router
from aiogram.filters import Filter, StateFilter

from qwenedit_bot.chat.actors import own_words
from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation import commands
from qwenedit_bot.conversation.access_filter import is_of_bot
from qwenedit_bot.conversation.account import privacy_commands
from qwenedit_bot.conversation.context import answered_by, source_of
from qwenedit_bot.conversation.editing import replied, unsupported
from qwenedit_bot.conversation.photos import photos
from qwenedit_bot.conversation.photos.dialogue import Dialogue, wait_for_instruction, waiting_pictures
from qwenedit_bot.conversation.photos.kept_words import KeptWords
from qwenedit_bot.conversation.photos.wishes import wish_in
from qwenedit_bot.conversation.presets import awaited_photos
from qwenedit_bot.edits.requests.refusals import refused_unseen
from qwenedit_bot.texts import Text
from qwenedit_bot.texts.meanings import is_chatter, means
from qwenedit_jobs import MAX_PICTURES

if TYPE_CHECKING:
    from aiogram import Bot
    from aiogram.fsm.context import FSMContext
    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.pictures.sources import Attachment, StoredPicture
    from qwenedit_bot.texts import Words

JUST_NOW = 10
"""Seconds within which two reasons to introduce itself are one."""
_COMMAND = re.compile(r"/(?P<name>\w+)(?:@(?P<bot>\w+))?\s*(?P<rest>.*)", re.DOTALL)


def called_to_edit(text: str, username: str) -> str | None:
    """Return the instruction of a text that calls this bot to edit; None where it calls somebody else or nobody.

    Args:
        text: What somebody wrote in a group.
        username: The bot's.
    """
    command = _COMMAND.match(text)
    if command is not None:
        named = (command["bot"] or username).lower() == username.lower()
        return command["rest"].strip() if named and command["name"].lower() == "edit" else None
    mention = re.compile(rf"(?<!\w)@{re.escape(username)}\b[,:]?", re.IGNORECASE)
    return " ".join(mention.sub(" ", text).split()) if mention.search(text) else None


def is_called(message: Message, username: str) -> bool:
    """Whether a message in a group names this bot, or is a command that may be for it."""
    said = message.text or message.caption or ""
    return said.startswith("/") or called_to_edit(said, username) is not None


async def start(message: Message, words: Words, services: Services, bot: Bot) -> None:
    """Say how the bot works, unless it just has: a link that adds it to a group sends `/start` as well."""
    if await introduces(message.chat.id, str(message.message_id), services):
        await explain(message, words, services, bot)


async def introduces(chat_id: int, name: str, services: Services) -> bool:
    """Whether the bot has not introduced itself in a group a moment before.

    Args:
        chat_id: The group.
        name: Tells what asks for it from what else may; asked again by the same name the answer is the same.
        services: Know it.
    """
    return await services.replies.is_first(chat_id, "introduction", name, seconds=JUST_NOW)


async def explain(message: Message, words: Words, services: Services, bot: Bot) -> None:
    """Say how the bot works in groups."""
    me = await bot.me()
    await services.replies.say(source_of(message), View(words(Text.GROUP_HELP, bot=me.username or "")))


async def edit(
    message: Message, words: Words, services: Services, state: FSMContext, bot: Bot, album: tuple[Message, ...],
    wish: str,
) -> None:  # fmt: skip
    """Take the job for the pictures of the message, of the one it replies to, or of the dialogue."""
    pictures = await _pictures_meant(message, album, services)
    refusal = _cannot_be_edited(message, album, words)
    if refusal is not None:
        await services.replies.say(source_of(message), refusal)
    elif message.media_group_id and len(album) == 1:
        await services.replies.say(source_of(message), View(words(Text.ALBUM_HIDDEN)))
    elif len(pictures) > MAX_PICTURES:
        view = View(words(Text.ALBUM_TOO_MANY, count=len(pictures), limit=MAX_PICTURES))
        await services.replies.say(source_of(message), view)
    elif not wish and not pictures:
        await explain(message, words, services, bot)
    elif not wish:
        await _ask(message, album, pictures, words, services, state)
    elif pictures := pictures or await waiting_pictures(state):
        await state.clear()
        await photos.submit(message, pictures, wish, words, services, said_in=photos.worded_in(album))
    elif await services.replies.find(source_of(message)) is None:  # else taken before a crash
        me = await bot.me()
        await KeptWords.of(message, wish).keep(state)
        await services.replies.say(source_of(message), View(words(Text.GROUP_NO_PHOTO, bot=me.username or "")))


async def point_to_private(message: Message, words: Words, services: Services, bot: Bot) -> None:
    """Say which commands there are in groups, to one that names the bot and is none of them."""
    me = await bot.me()
    view = View(words(Text.GROUP_OTHER_COMMAND, bot=me.username or ""))
    await services.replies.say(source_of(message), view)


async def leave(_message: Message) -> None:
    """Say nothing to thanks: the others in the group would have to read it."""


def make_router() -> Router:
    """Make the router of groups, from the most to the least particular."""
    router = Router(name="groups")
    router.message.filter(F.chat.type.in_({"group", "supergroup"}), ~F.is_automatic_forward)
    router.message.register(start, F.text, _Addressed("start"))
    router.message.register(explain, F.text, _Addressed("help"))
    router.message.register(privacy_commands.tell, F.text, _Addressed("privacy"))
    router.message.register(commands.cancel, F.text, _Addressed("cancel"))
    router.message.register(explain, F.text, _SaysToUs(Text.WORDS_HELP))
    router.message.register(commands.cancel, F.text, _SaysToUs(Text.WORDS_CANCEL))
    router.message.register(leave, F.text, _SaysToUs(Text.WORDS_THANKS))
    router.message.register(leave, F.text, _chatters, _replies_to_us)
    router.message.register(edit, _calls_to_edit)
    router.message.register(point_to_private, F.text, _Addressed())
    router.message.register(replied.other_words, F.text, replied.is_about_own_job)
    router.message.register(
        photos.photos,
        photos.carries_pictures, awaited_photos.comes_whole, _replies_to_us, StateFilter(Dialogue.words),
    )  # fmt: skip
    router.message.register(photos.instruction_as_reply, F.text, _says_something, _replies_to_our_picture)
    router.message.register(
        photos.instruction, F.text, _says_something, _replies_to_us, StateFilter(Dialogue.instruction)
    )
    router.message.register(
        awaited_photos.photo,
        photos.carries_pictures, awaited_photos.comes_whole, _replies_to_us, StateFilter(Dialogue.preset_photos),
    )  # fmt: skip
    router.message.register(
        awaited_photos.text, F.text, _says_something, _replies_to_us, StateFilter(Dialogue.preset_photos)
    )
    router.message.register(edit, _replies_with_pictures)
    router.message.register(
        unsupported.unsupported,
        unsupported.has_unsupported, _replies_to_us, StateFilter(Dialogue.instruction, Dialogue.preset_photos),
    )  # fmt: skip
    return router


class _SaysToUs(Filter):
    """Lets a common word pass that is said to this bot, by its name or in reply to it, and is about no photo."""

    def __init__(self, meaning: Text) -> None:
        self._meaning = meaning

    async def __call__(self, message: Message, bot: Bot) -> bool:
        if not own_words(message):
            return False
        me, text = await bot.me(), message.text or ""
        ours = _replies_to_us(message, bot)
        if text.startswith("/") or (answered_by(message) is not None and not ours):
            return False
        said = called_to_edit(text, me.username or "")
        if said is None and ours:
            said = text
        return said is not None and means(said, self._meaning)


class _Addressed(Filter):
    """Lets a command pass that names this bot: groups have others, with the same commands. Without names it is any."""

    def __init__(self, *names: str) -> None:
        self._names = names

    async def __call__(self, message: Message, bot: Bot) -> bool:
        command = _COMMAND.match(message.text or "")
        me = await bot.me()
        return (
            command is not None
            and own_words(message)
            and (not self._names or command["name"].lower() in self._names)
            and (command["bot"] or "").lower() == (me.username or "").lower()
        )


async def _calls_to_edit(message: Message, bot: Bot, album: tuple[Message, ...]) -> bool | dict[str, Any]:
    me = await bot.me()
    texts = [each.text or each.caption or "" for each in album or (message,) if own_words(each)]
    wishes = [called_to_edit(text, me.username or "") for text in texts]
    said = [wish_in(wish) for wish in wishes if wish is not None]
    return {"wish": "\n".join(filter(None, said))} if said else False


def _replies_with_pictures(
    message: Message, bot: Bot, album: tuple[Message, ...], raw_state: str | None
) -> bool | dict[str, Any]:
    """Whether pictures come in reply to the bot, with a wish or where the bot has asked for something."""
    messages = album or (message,)
    if not any(_replies_to_us(each, bot) for each in messages) or not photos.attachments_of(messages):
        return False
    wish = photos.instruction_of(messages)
    return {"wish": wish} if wish or raw_state is not None else False


def _cannot_be_edited(message: Message, album: tuple[Message, ...], words: Words) -> View | None:
    """Say why what the bot was called for is no picture: a video, or a sticker that the call replies to."""
    answered, messages = message.reply_to_message, album or (message,)
    own = unsupported.refusal(words, messages)
    if own is not None or answered is None or photos.attachments_of(messages):
        return own
    return unsupported.refusal(words, (answered,))


def _chatters(message: Message) -> bool:
    """Whether there is nothing but praise, thanks and laughter in a text."""
    return own_words(message) and is_chatter(message.text or "")


def _says_something(message: Message) -> bool:
    """Whether there are words in a text: a thumb or a laugh is no instruction."""
    return any(character.isalnum() for character in message.text or "")


def _replies_to_us(message: Message, bot: Bot) -> bool:
    answered = answered_by(message)
    return answered is not None and is_of_bot(answered, bot.id)


def _replies_to_our_picture(message: Message, bot: Bot) -> bool:
    return _replies_to_us(message, bot) and photos.replies_to_picture(message)


async def _pictures_meant(
    message: Message, album: tuple[Message, ...], services: Services
) -> tuple[Attachment | StoredPicture, ...]:
    own = photos.attachments_of(album or (message,))
    if own or message.reply_to_message is None:
        return own
    # Also of a channel's post: a call below it is about its photo.
    answered = await photos.picture_of(message.reply_to_message, services)
    return (answered,) if answered is not None else ()


async def _ask(
    message: Message,
    album: tuple[Message, ...],
    pictures: tuple[Attachment | StoredPicture, ...],
    words: Words,
    services: Services,
    state: FSMContext,
) -> None:
    refusal = refused_unseen(words, pictures)
    if refusal is None:
        brought = [each.message_id for each in album or (message,)]
        await wait_for_instruction(state, pictures, about=message.message_id, messages=brought)
    await services.replies.say(source_of(message), refusal or View(words(Text.ASK_FURTHER_IN_GROUP)))
