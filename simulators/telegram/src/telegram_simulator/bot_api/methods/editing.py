"""Methods that change sent messages. An edit without `reply_markup` removes the buttons, as on the real server."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiogram.methods import EditMessageMedia, EditMessageText

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.methods.sending import caption_of, charge
from telegram_simulator.bot_api.methods.targets import conversation_of, keyboard_of, message_of
from telegram_simulator.bot_api.methods.uploads import input_media_of
from telegram_simulator.bot_api.parameters import given
from telegram_simulator.bot_api.render import message_json
from telegram_simulator.common.errors import BadRequestError
from telegram_simulator.messages.text import message_text, rich_text
from telegram_simulator.world.group_rights import check_media

if TYPE_CHECKING:
    from telegram_simulator.bot_api.render import Json
    from telegram_simulator.messages.model import Message
    from telegram_simulator.world.chats import Conversation

UNCHANGED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content"
    " and reply markup of the message"
)


@answers(EditMessageText)
async def edit_message_text(call: Call[EditMessageText]) -> Json:
    """Change a text."""
    method = call.method
    words = message_text(
        rich_text(method.text or "", parse_mode=given(method.parse_mode), entities=given(method.entities))
    )
    conversation, message = _target(call)
    if message.media is not None:
        raise BadRequestError("there is no text in the message to edit")
    return _apply(call, conversation, replace(message, text=words.text, entities=words.entities))


@answers(EditMessageMedia)
async def edit_message_media(call: Call[EditMessageMedia]) -> Json:
    """Change what a message carries; a text becomes a picture."""
    conversation, message = _target(call)
    words = caption_of(call.method.media)
    media = await input_media_of(call, call.method.media)
    if message.album_id and message.media and message.media.kind is not media.kind:
        raise BadRequestError("can't use the media of the specified type in the album")
    # The message may have changed while the picture was worked on.
    conversation, message = _target(call)
    check_media(conversation, media.kind)
    return _apply(call, conversation, replace(message, text=words.text, entities=words.entities, media=media))


def _target(call: Call[Any]) -> tuple[Conversation, Message]:
    method = call.method
    if method.chat_id is None and method.message_id is None:
        if method.inline_message_id is None:
            raise BadRequestError("message identifier is not specified")
        raise BadRequestError("MESSAGE_ID_INVALID")  # nobody uses bots inline here
    conversation = conversation_of(call, method.chat_id, edit=True)
    message = message_of(conversation, method.message_id, "message to edit")
    if not message.outgoing or message.origin is not None or message.reply_keyboard is not None:
        raise BadRequestError("message can't be edited")
    return conversation, message


def _apply(call: Call[Any], conversation: Conversation, changed: Message) -> Json:
    changed = replace(changed, keyboard=keyboard_of(call.method.reply_markup))
    charge(call, conversation, edit=True)
    if changed == conversation.find(changed.id):
        raise BadRequestError(UNCHANGED)
    changed = conversation.replace(replace(changed, edit_date=int(time.time())))
    return message_json(call.world, conversation, changed)
