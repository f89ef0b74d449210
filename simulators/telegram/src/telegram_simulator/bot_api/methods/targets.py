"""Reads from a call which chat it is for, and which message it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram_simulator.common.errors import ApiError

if TYPE_CHECKING:
    from telegram_simulator.bot_api.methods.registry import Call
    from telegram_simulator.messages.model import Message
    from telegram_simulator.world.chats import Conversation


def conversation_of(call: Call[Any], chat_id: int | str | None) -> Conversation:
    """Return the chat that a call is about (telegram-bot-api, `Client.cpp`, `check_chat_access`).

    Raises:
        ApiError: The bot knows of no such chat, it has become a supergroup, or the bot may not write there.
    """
    try:
        conversation = call.bot.conversations[int(str(chat_id))]
    except (KeyError, ValueError):
        raise ApiError("chat not found") from None
    if not conversation.begun:
        raise ApiError("chat not found")
    if conversation.migrated_to is not None:
        raise ApiError("group chat was upgraded to a supergroup chat", migrate_to_chat_id=conversation.migrated_to)
    if not conversation.bot_present:
        raise ApiError(f"bot was kicked from the {conversation.chat.kind} chat", code=403)
    if conversation.blocked:
        raise ApiError("bot was blocked by the user", code=403)
    return conversation


def message_of(conversation: Conversation, message_id: int | None, what: str) -> Message:
    """Return a message of a chat.

    Raises:
        ApiError: It is not there.
    """
    message = None if message_id is None else conversation.find(message_id)
    if message is None:
        raise ApiError(f"{what} not found")
    return message


def reply_target(call: Call[Any], conversation: Conversation) -> int | None:
    """Return the id of the message that is answered.

    Raises:
        ApiError: It is not there, and must be.
    """
    parameters = call.method.reply_parameters
    if parameters is None:
        return None
    if conversation.find(parameters.message_id) is not None:
        return int(parameters.message_id)
    if parameters.allow_sending_without_reply is True:
        return None
    raise ApiError("message to be replied not found")
