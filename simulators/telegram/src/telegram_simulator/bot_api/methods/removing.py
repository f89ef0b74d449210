"""Methods that delete messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.methods import DeleteMessage

from telegram_simulator.bot_api.methods.registry import Call, answers
from telegram_simulator.bot_api.methods.targets import conversation_of, message_of
from telegram_simulator.common.errors import BadRequestError

if TYPE_CHECKING:
    from telegram_simulator.messages.model import Message
    from telegram_simulator.world.chats import Conversation

AT_ONCE = 100


@answers(DeleteMessage)
async def delete_message(call: Call[DeleteMessage]) -> bool:
    """Delete a message, of the bot or of a person who talks to it."""
    conversation = conversation_of(call, call.method.chat_id)
    message = message_of(conversation, call.method.message_id, "message to delete")
    if not _may_delete(conversation, message):
        raise BadRequestError("message can't be deleted")
    conversation.delete(message.id)
    return True


def _may_delete(conversation: Conversation, message: Message) -> bool:
    return not conversation.is_group or conversation.bot_admin or message.outgoing
