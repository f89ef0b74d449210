"""Methods that send again what is in some chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.methods import CopyMessage, ForwardMessage

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.methods.sending import caption_of, charge, post
from telegram_simulator.bot_api.methods.targets import conversation_of, keyboard_of, message_of, reply_target
from telegram_simulator.messages.model import Origin, OriginKind
from telegram_simulator.messages.text import RichText
from telegram_simulator.world.group_rights import check_right

if TYPE_CHECKING:
    from telegram_simulator.bot_api.render import Json


@answers(CopyMessage)
async def copy_message(call: Call[CopyMessage]) -> Json:
    """Send a message again as the bot's own."""
    method = call.method
    conversation = conversation_of(call, method.chat_id)
    source = conversation_of(call, method.from_chat_id, write=False)
    message = message_of(source, method.message_id, "message to copy")
    words = RichText(message.text, message.entities)
    if message.media is not None and method.caption is not None:
        words = caption_of(method)
    keyboard, reply_to = keyboard_of(call, method.reply_markup), reply_target(call, conversation)
    check_right(conversation, message.media.kind if message.media else None)
    charge(call, conversation)
    sent = post(call, conversation, words, media=message.media, keyboard=keyboard, reply_to=reply_to)
    return {"message_id": sent["message_id"]}


@answers(ForwardMessage)
async def forward_message(call: Call[ForwardMessage]) -> Json:
    """Send a message again and say whose it is."""
    conversation = conversation_of(call, call.method.chat_id)
    source = conversation_of(call, call.method.from_chat_id, write=False)
    message = message_of(source, call.method.message_id, "message to forward")
    check_right(conversation, message.media.kind if message.media else None)
    charge(call, conversation)
    words = RichText(message.text, message.entities)
    origin = message.origin or Origin(kind=OriginKind.USER, user=message.sender)
    return post(call, conversation, words, media=message.media, origin=origin)
