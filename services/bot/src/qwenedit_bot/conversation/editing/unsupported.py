"""Answers messages that are neither photos nor commands, and photos of kinds that the bot does not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.enums import ContentType

from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.photos.photos import attachment_of
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiogram.types import Message

    from qwenedit_bot.conversation.context import Services
    from qwenedit_bot.texts import Words

KINDS = {
    ContentType.STICKER: "sticker",
    ContentType.VOICE: "voice",
    ContentType.VIDEO_NOTE: "video",
    ContentType.AUDIO: "audio",
    ContentType.ANIMATION: "animation",
    ContentType.VIDEO: "video",
    ContentType.LIVE_PHOTO: "live_photo",
    ContentType.DOCUMENT: "document",
    ContentType.LOCATION: "location",
    ContentType.VENUE: "location",
    ContentType.CONTACT: "contact",
    ContentType.POLL: "poll",
    ContentType.DICE: "game",
    ContentType.GAME: "game",
    ContentType.STORY: "story",
    ContentType.PAID_MEDIA: "paid_media",
    ContentType.GIFT: "gift",
    ContentType.UNIQUE_GIFT: "gift",
    ContentType.CHECKLIST: "other",
    ContentType.GIVEAWAY: "other",
    ContentType.GIVEAWAY_WINNERS: "other",
    ContentType.INVOICE: "other",
    ContentType.RICH_MESSAGE: "other",
    ContentType.UNKNOWN: "other",
}
"""What users send, by the name under which the texts have an answer. Telegram's own service messages get none."""


async def unsupported(message: Message, words: Words, services: Services, album: tuple[Message, ...]) -> None:
    """Say what can be sent instead; of an album that has more than pictures, what cannot."""
    view = refusal(words, album or (message,))
    if view is not None:
        await services.replies.say(source_of(message), view)


def refusal(words: Words, messages: Sequence[Message]) -> View | None:
    """Say why a message, or an album, cannot be edited as it is; None where it has nothing but pictures and words."""
    kind = next(filter(None, map(_kind_of, messages)), None)
    if kind is None:
        return None
    mixed = any(attachment_of(each) is not None for each in messages)
    return View(words(Text.ALBUM_MIXED if mixed else Text.UNSUPPORTED, kind=kind))


def make_router() -> Router:
    """Make the router of what is left in private chats."""
    router = Router(name="others")
    router.message.register(unsupported, has_unsupported)
    return router


def has_unsupported(message: Message, album: tuple[Message, ...]) -> bool:
    """Whether a message, or one of an album, is of a kind that the bot does not edit."""
    return any(map(_kind_of, album or (message,)))


def _kind_of(message: Message) -> str | None:
    return None if attachment_of(message) is not None else KINDS.get(ContentType(message.content_type))
