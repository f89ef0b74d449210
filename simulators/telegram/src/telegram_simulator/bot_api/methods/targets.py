"""Reads from a call which chat it is for, and which message it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram_simulator.common.errors import BadRequestError, ForbiddenError, MigratedError

if TYPE_CHECKING:
    from telegram_simulator.bot_api.methods.registry import Call
    from telegram_simulator.messages.model import Message
    from telegram_simulator.world.chats import Conversation


def conversation_of(call: Call[Any], chat_id: int | str | None) -> Conversation:
    """Return the chat that a call is about (telegram-bot-api, `Client.cpp`, `check_chat_access`).

    Raises:
        BadRequestError: The bot knows of no such chat.
        MigratedError: It is to write to a group that has become a supergroup.
        ForbiddenError: It may not write there.
    """
    if chat_id in (None, ""):
        raise BadRequestError("chat_id is empty")
    try:
        conversation = call.bot.conversations[int(str(chat_id))]
    except (KeyError, ValueError):
        raise BadRequestError("chat not found") from None
    if not conversation.begun:
        raise BadRequestError("chat not found")
    if conversation.migrated_to is not None:
        raise MigratedError(conversation.migrated_to)
    if not conversation.bot_present:
        raise ForbiddenError(f"bot was kicked from the {conversation.chat.kind} chat")
    if conversation.blocked:
        raise ForbiddenError("bot was blocked by the user")
    return conversation


def message_of(conversation: Conversation, message_id: int | None, what: str) -> Message:
    """Return a message of a chat.

    Raises:
        BadRequestError: It is not there.
    """
    if message_id is None:
        raise BadRequestError("message identifier is not specified")
    message = conversation.find(message_id)
    if message is None:
        raise BadRequestError(f"{what} not found")
    return message


def reply_target(call: Call[Any], conversation: Conversation) -> int | None:
    """Return the id of the message that is answered.

    Raises:
        BadRequestError: It is not there, and must be.
    """
    parameters = call.method.reply_parameters
    if parameters is None:
        return None
    if conversation.find(parameters.message_id) is not None:
        return int(parameters.message_id)
    if parameters.allow_sending_without_reply is True:
        return None
    raise BadRequestError("message to be replied not found")
