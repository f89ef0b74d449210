"""Answers messages that are neither photos nor commands, and photos of kinds that the bot does not edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram import Router
from aiogram.enums import ContentType

from qwenedit_bot.chat.view import View
from qwenedit_bot.conversation.context import source_of
from qwenedit_bot.conversation.editing.photos import attachment_of
from qwenedit_bot.texts import Text

if TYPE_CHECKING:
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
    ContentType.LIVE_PHOTO: "video",
    ContentType.DOCUMENT: "document",
    ContentType.LOCATION: "location",
    ContentType.VENUE: "location",
    ContentType.CONTACT: "contact",
    ContentType.POLL: "poll",
    ContentType.DICE: "other",
    ContentType.GAME: "other",
    ContentType.STORY: "other",
    ContentType.CHECKLIST: "other",
    ContentType.PAID_MEDIA: "other",
    ContentType.UNKNOWN: "other",
}
"""What users send, by the name under which the texts have an answer. Telegram's own service messages get none."""


async def unsupported(message: Message, words: Words, services: Services, album: tuple[Message, ...]) -> None:
    """Say what can be sent instead; of an album that has more than pictures, what cannot."""
    foreign = next((each for each in album if attachment_of(each) is None), message)
    kind = KINDS[ContentType(foreign.content_type)]
    await services.replies.say(source_of(message), View(words(Text.UNSUPPORTED, kind=kind)))


def make_router() -> Router:
    """Make the router of what is left in private chats."""
    router = Router(name="others")
    router.message.register(unsupported, _is_content)
    return router


def _is_content(message: Message) -> bool:
    return message.content_type in KINDS
