"""Reads from a call which chat it is for, which message it answers and which buttons it brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiogram.types import InlineKeyboardMarkup

from telegram_simulator.common.errors import BadRequestError, ForbiddenError, MigratedError
from telegram_simulator.messages.keyboards import Buttons
from telegram_simulator.messages.model import ChatKind, Standing

if TYPE_CHECKING:
    from aiogram.types import InlineKeyboardButton

    from telegram_simulator.bot_api.methods.registry import Call
    from telegram_simulator.messages.keyboards import Markup
    from telegram_simulator.messages.model import Message
    from telegram_simulator.world.chats import Conversation

MAX_BUTTONS = 100
MAX_DATA = 64
"""Bytes of a button's data (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""
MAX_COPIED = 256
"""Characters that a button copies (https://core.telegram.org/bots/api#copytextbutton)."""

_ACTIONS = (
    "url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay", "disabled",
)  # fmt: skip


def conversation_of(
    call: Call[Any], chat_id: int | str | None, *, write: bool = True, edit: bool = False
) -> Conversation:
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
    if write and conversation.migrated_to is not None and not (edit and conversation.editable):
        raise MigratedError(conversation.migrated_to)
    _check_presence(conversation, write=write)
    if write and conversation.blocked:
        raise ForbiddenError("bot was blocked by the user")
    return conversation


def _check_presence(conversation: Conversation, *, write: bool) -> None:
    is_super = conversation.chat.kind is ChatKind.SUPERGROUP
    if conversation.bot_present or not (is_super or write):  # what a basic group was, may still be read
        return
    was = "was kicked from" if conversation.standing is Standing.KICKED else "is not a member of"
    raise ForbiddenError(f"bot {was} the {'supergroup' if is_super else 'group'} chat")


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
    method = call.method
    parameters = method.reply_parameters
    if parameters is not None:
        message_id, lenient = parameters.message_id, parameters.allow_sending_without_reply is True
    else:
        message_id, lenient = method.reply_to_message_id, bool(method.allow_sending_without_reply)
    if not message_id or conversation.find(message_id) is not None:
        return message_id or None
    if lenient:
        return None
    raise BadRequestError("message to be replied not found")


def keyboard_of(markup: object) -> Buttons | None:
    """Return the buttons under a message; other keyboards stand beside it.

    Raises:
        BadRequestError: A button is impossible.
    """
    if not isinstance(markup, InlineKeyboardMarkup):
        return None
    rows = [row for row in markup.inline_keyboard if row]
    if sum(map(len, rows)) > MAX_BUTTONS:
        raise BadRequestError("reply markup is too long")
    for row in rows:
        for button in row:
            _check(button)
    return Buttons.of(rows) if rows else None


def reply_keyboard_of(call: Call[Any]) -> Markup | None:
    """Return the keyboard that is to stand in place of the person's own."""
    markup = getattr(call.method, "reply_markup", None)
    return None if isinstance(markup, InlineKeyboardMarkup) else markup


def _check(button: InlineKeyboardButton) -> None:
    if not button.text:
        raise BadRequestError("inline keyboard button text must be non-empty")
    if all(getattr(button, action) is None for action in _ACTIONS):
        raise BadRequestError("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if button.callback_data is not None and not 1 <= len(button.callback_data.encode()) <= MAX_DATA:
        raise BadRequestError("BUTTON_DATA_INVALID")
    if button.copy_text is not None and not 1 <= len(button.copy_text.text) <= MAX_COPIED:
        raise BadRequestError("BUTTON_COPY_TEXT_INVALID")
    if button.url is not None and "." not in button.url and "://" not in button.url:
        raise BadRequestError(f"inline keyboard button URL '{button.url}' is invalid: Wrong HTTP URL")
