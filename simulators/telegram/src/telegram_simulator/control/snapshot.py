"""Chats as tests see them: every message with all its versions, in the words of `client.snapshots`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telegram_simulator.messages.model import Media, Message
    from telegram_simulator.world.chats import Conversation, MessageRecord

Json = dict[str, Any]


def chat_snapshot(conversation: Conversation, *, user_id: int) -> Json:
    """Write a chat as a person sees it; its `version` grows with everything that happens in it."""
    answers = [[each.text, each.alert] for each in conversation.answers if each.user_id == user_id]
    messages = [_message(record) for record in conversation.records.values()]
    return {"version": conversation.pulse.count, "messages": messages, "answers": answers}


def _message(record: MessageRecord) -> Json:
    now = record.now
    return {
        "id": now.id,
        "sender_id": now.sender.id,
        "from_bot": now.outgoing,
        "reply_to": now.reply_to,
        "deleted": record.deleted,
        "versions": [_version(version) for version in record.versions],
    }


def _version(message: Message) -> Json:
    return {
        "text": message.text,
        "invoice": message.invoice and asdict(message.invoice),
        "payment": message.payment and asdict(message.payment),
        "media": message.media and _media(message.media),
        "rows": [[[button.text, button.callback_data, button.style] for button in row] for row in message.keyboard],
    }


def _media(media: Media) -> Json:
    return {
        "kind": media.kind.value,
        "file_id": media.file.id,
        "name": media.file.name,
        "mime": media.file.mime,
        "size": media.file.size,
        "width": media.width,
        "height": media.height,
    }
