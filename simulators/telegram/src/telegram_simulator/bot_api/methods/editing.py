"""Methods that change or delete messages. An edit without `reply_markup` removes the buttons, as on the real server."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from aiogram.methods import AnswerCallbackQuery, DeleteMessage, EditMessageMedia, EditMessageText

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.methods.sending import charge, media_of
from telegram_simulator.bot_api.methods.targets import conversation_of, message_of
from telegram_simulator.bot_api.render import message_json
from telegram_simulator.common.errors import ApiError
from telegram_simulator.messages.model import MediaKind
from telegram_simulator.messages.text import caption, message_text
from telegram_simulator.world.chats import Answered
from telegram_simulator.world.group_rights import check_media

if TYPE_CHECKING:
    from telegram_simulator.bot_api.render import Json
    from telegram_simulator.messages.model import Message
    from telegram_simulator.world.chats import Conversation

MAX_ANSWER = 200
"""Characters (https://core.telegram.org/bots/api#answercallbackquery)."""
UNCHANGED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content"
    " and reply markup of the message"
)


@answers(EditMessageText)
async def edit_message_text(call: Call[EditMessageText]) -> Json:
    """Change a text."""
    words = message_text(call.method.text)
    conversation, message = _target(call)
    if message.media is not None:
        raise ApiError("there is no text in the message to edit")
    return _apply(call, conversation, replace(message, text=words))


@answers(EditMessageMedia)
async def edit_message_media(call: Call[EditMessageMedia]) -> Json:
    """Change what a message carries; a text becomes a picture."""
    _target(call)
    words = caption(call.method.media.caption)
    media = await media_of(call, MediaKind(call.method.media.type), call.method.media.media)
    # The message may have changed while the picture was worked on.
    conversation, message = _target(call)
    check_media(conversation, media.kind)
    return _apply(call, conversation, replace(message, text=words, media=media))


@answers(DeleteMessage)
async def delete_message(call: Call[DeleteMessage]) -> bool:
    """Delete a message, of the bot or of a person who talks to it."""
    conversation = conversation_of(call, call.method.chat_id)
    message = message_of(conversation, call.method.message_id, "message to delete")
    if conversation.is_group and not (conversation.bot_admin or message.outgoing):
        raise ApiError("message can't be deleted")
    conversation.delete(message.id)
    return True


@answers(AnswerCallbackQuery)
async def answer_callback_query(call: Call[AnswerCallbackQuery]) -> bool:
    """Answer a press of a button, once."""
    method = call.method
    if len(method.text or "") > MAX_ANSWER:
        raise ApiError("MESSAGE_TOO_LONG")
    query = call.bot.queries.pop(method.callback_query_id, None)
    if query is None:
        raise ApiError("query is too old and response timeout expired or query ID is invalid")
    answer = Answered(query.user_id, method.callback_query_id, method.text or "", bool(method.show_alert))
    call.bot.conversations[query.chat_id].answer(answer)
    return True


def _target(call: Call[Any]) -> tuple[Conversation, Message]:
    conversation = conversation_of(call, call.method.chat_id)
    message = message_of(conversation, call.method.message_id, "message to edit")
    if not message.outgoing:
        raise ApiError("message can't be edited")
    return conversation, message


def _apply(call: Call[Any], conversation: Conversation, changed: Message) -> Json:
    changed = replace(changed, keyboard=call.buttons)
    charge(call, conversation, edit=True)
    if changed == conversation.find(changed.id):
        raise ApiError(UNCHANGED)
    changed = conversation.replace(replace(changed, edit_date=int(time.time())))
    return message_json(call.world, conversation, changed)
