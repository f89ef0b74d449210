"""Chats as tests see them: every message with all its versions."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiogram.types import ReplyKeyboardMarkup

from telegram_simulator.messages.model import MediaKind
from telegram_simulator.world.chats import Acted, Answered

if TYPE_CHECKING:
    from telegram_simulator.messages.keyboards import Markup
    from telegram_simulator.messages.model import Media, Message
    from telegram_simulator.world.chats import Conversation, Record

Json = dict[str, Any]


def chat_snapshot(conversation: Conversation) -> Json:
    """Write a chat; its `version` grows with everything that happens in it."""
    return {
        "version": conversation.pulse.count,
        "id": conversation.chat.id,
        "kind": conversation.chat.kind.value,
        "title": conversation.chat.title,
        "blocked": conversation.blocked,
        "bot_present": conversation.bot_present,
        "messages": [_message(record) for record in conversation.records.values()],
        "actions": [each.action for each in conversation.happenings if isinstance(each, Acted)],
        "answers": [asdict(each) for each in conversation.happenings if isinstance(each, Answered)],
    }


def _message(record: Record) -> Json:
    first, now = record.versions[0], record.now
    return {
        "id": now.id,
        "date": now.date,
        "sender_id": now.sender.id,
        "from_bot": now.outgoing,
        "reply_to": now.reply_to,
        "album_id": now.album_id,
        "forwarded": first.origin is not None,
        "deleted": record.deleted,
        "versions": [_version(version) for version in record.versions],
    }


def _version(message: Message) -> Json:
    keyboard = message.keyboard.rows if message.keyboard else []
    return {
        "text": message.text,
        "entities": [entity.model_dump(exclude_none=True, mode="json") for entity in message.entities],
        "invoice": message.invoice and asdict(message.invoice),
        "payment": message.payment and asdict(message.payment),
        "media": message.media and _media(message.media),
        "service": message.service,
        "reply_keyboard": _reply_keyboard(message.reply_keyboard),
        "buttons": [
            [
                {
                    "text": button.text,
                    "data": button.callback_data,
                    "url": button.url,
                    "style": button.style,
                    "copy_text": button.copy_text.text if button.copy_text else None,
                    "disabled": button.disabled is not None,
                }
                for button in row
            ]
            for row in keyboard
        ],
    }


def _reply_keyboard(markup: Markup | None) -> list[list[str]] | None:
    """Write what stands in place of the person's keyboard: its buttons' words, none where it only takes one away."""
    if markup is None or not isinstance(markup, ReplyKeyboardMarkup):
        return None if markup is None else []
    return [[button.text for button in row] for row in markup.keyboard]


def _media(media: Media) -> Json:
    return {
        "kind": media.kind.value,
        "file_id": media.file.id,
        "name": media.file.name,
        "mime": media.file.mime,
        "size": media.file.size,
        "width": media.width,
        "height": media.height,
        "sizes": [[size.width, size.height] for size in media.renditions] if media.kind is MediaKind.PHOTO else [],
    }
