"""What a bot may send in a group (https://core.telegram.org/bots/api#chatpermissions).

The words of the refusals are tdlib's (`MessageContent.cpp`, `can_send_message_content`). Telegram's Bot API server
puts "Bad Request: " before them and begins them with a small letter (telegram-bot-api, `Client.cpp`,
`fail_query_with_error`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram_simulator.common.errors import ApiError
from telegram_simulator.messages.model import MediaKind

if TYPE_CHECKING:
    from telegram_simulator.world.chats import Conversation

_TEXT = ("can_send_messages", "text messages")
_NEEDED = {
    MediaKind.PHOTO: ("can_send_photos", "photos"),
    MediaKind.DOCUMENT: ("can_send_documents", "documents"),
}

PERMISSIONS = tuple(
    """
    can_send_messages can_send_audios can_send_documents can_send_photos can_send_videos can_send_video_notes
    can_send_voice_notes can_send_polls can_send_other_messages can_add_web_page_previews can_react_to_messages
    can_edit_tag can_change_info can_invite_users can_pin_messages can_manage_topics
""".split()
)


def check_media(conversation: Conversation, kind: MediaKind | None) -> None:
    """Let a bot put media of a kind, or a text, into a message.

    Raises:
        ApiError: The group forbids it to all but administrators.
    """
    permission, noun = _TEXT if kind is None else _NEEDED[kind]
    if permission in conversation.forbidden and not conversation.bot_admin:
        raise ApiError(f"not enough rights to send {noun} to the chat")


def check_right(conversation: Conversation, kind: MediaKind | None) -> None:
    """Let a bot send a new message with media of a kind, or a text.

    Raises:
        ApiError: The group forbids it, or its topic is closed, to all but administrators.
    """
    check_media(conversation, kind)
    if conversation.topic_closed and not conversation.bot_admin:
        raise ApiError("TOPIC_CLOSED")
