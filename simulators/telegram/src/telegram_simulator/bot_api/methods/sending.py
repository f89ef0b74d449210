"""Methods that send new messages, and chat actions such as "typing"."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from aiogram.enums import ChatAction
from aiogram.methods import SendChatAction, SendDocument, SendMessage, SendPhoto

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.methods.targets import conversation_of, keyboard_of, reply_keyboard_of, reply_target
from telegram_simulator.bot_api.methods.uploads import media_of
from telegram_simulator.bot_api.parameters import given
from telegram_simulator.bot_api.render import Json, message_json
from telegram_simulator.common.errors import BadRequestError
from telegram_simulator.messages.model import Media, MediaKind, Message
from telegram_simulator.messages.text import RichText, caption, message_text, rich_text
from telegram_simulator.world.chats import Acted
from telegram_simulator.world.group_rights import check_right

if TYPE_CHECKING:
    from telegram_simulator.messages.keyboards import Buttons
    from telegram_simulator.messages.model import Invoice, Origin
    from telegram_simulator.world.chats import Conversation

ALBUM = range(2, 11)
"""https://core.telegram.org/bots/api#sendmediagroup"""


@answers(SendMessage)
async def send_message(call: Call[SendMessage]) -> Json:
    """Send a text."""
    method = call.method
    words = message_text(rich_text(method.text, parse_mode=given(method.parse_mode), entities=given(method.entities)))
    conversation = conversation_of(call, method.chat_id)
    keyboard, reply_to = keyboard_of(method.reply_markup), reply_target(call, conversation)
    check_right(conversation, None)
    charge(call, conversation)
    return post(call, conversation, words, keyboard=keyboard, reply_to=reply_to)


@answers(SendPhoto)
async def send_photo(call: Call[SendPhoto]) -> Json:
    """Send a photo."""
    return await _send_file(call, MediaKind.PHOTO, call.method.photo)


@answers(SendDocument)
async def send_document(call: Call[SendDocument]) -> Json:
    """Send a file as it is."""
    return await _send_file(call, MediaKind.DOCUMENT, call.method.document)


@answers(SendChatAction)
async def send_chat_action(call: Call[SendChatAction]) -> bool:
    """Show what the bot is doing."""
    if call.method.action not in set(ChatAction):
        raise BadRequestError("wrong parameter action in request")
    conversation_of(call, call.method.chat_id).tell(Acted(call.method.action))
    return True


def caption_of(source: Any) -> RichText:
    """Return the caption of a call or of an InputMedia.

    Raises:
        BadRequestError: It is broken or too long.
    """
    return caption(
        rich_text(source.caption or "", parse_mode=given(source.parse_mode), entities=given(source.caption_entities))
    )


def charge(call: Call[Any], conversation: Conversation, *, count: int = 1, edit: bool = False) -> None:
    """Count what is about to be sent.

    Raises:
        TooManyRequestsError: It is too much.
    """
    call.world.limits.charge(
        bot_id=call.bot.me.id, chat_id=conversation.chat.id, group=conversation.is_group, count=count, edit=edit
    )


def new_album_id() -> str:
    """Return an id that the messages of one album share."""
    return str(10**16 + secrets.randbelow(9 * 10**16))


def post(  # noqa: PLR0913  # a message has that many properties, by name
    call: Call[Any],
    conversation: Conversation,
    words: RichText,
    *,
    media: Media | None = None,
    keyboard: Buttons | None = None,
    reply_to: int | None = None,
    album_id: str | None = None,
    origin: Origin | None = None,
    invoice: Invoice | None = None,
) -> Json:
    """Put a message of the bot into a chat."""
    message = Message(
        id=conversation.next_id(),
        chat_id=conversation.chat.id,
        sender=call.bot.me,
        date=int(time.time()),
        text=words.text,
        entities=words.entities,
        media=media,
        keyboard=keyboard,
        reply_to=reply_to,
        album_id=album_id,
        origin=origin,
        outgoing=True,
        reply_keyboard=reply_keyboard_of(call),
        invoice=invoice,
    )
    return message_json(call.world, conversation, conversation.add(message))


async def _send_file(call: Call[Any], kind: MediaKind, reference: object) -> Json:
    words = caption_of(call.method)
    conversation = conversation_of(call, call.method.chat_id)
    keyboard, reply_to = keyboard_of(call.method.reply_markup), reply_target(call, conversation)
    media = await media_of(call, kind, reference, missing=f"there is no {kind.value} in the request")
    conversation = conversation_of(call, call.method.chat_id)  # which may have changed while the picture was worked on
    check_right(conversation, kind)
    charge(call, conversation)
    return post(call, conversation, words, media=media, keyboard=keyboard, reply_to=reply_to)
