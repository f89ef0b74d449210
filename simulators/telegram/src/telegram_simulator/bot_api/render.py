"""Writes messages, chats and users as the Bot API's JSON (https://core.telegram.org/bots/api#available-types)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from telegram_simulator.messages.keyboards import keyboard_json
from telegram_simulator.messages.model import ChatKind, MediaKind, Standing
from telegram_simulator.world.group_rights import PERMISSIONS

if TYPE_CHECKING:
    from telegram_simulator.messages.model import Chat, File, Invoice, Media, Message, Payment, Rendition, User
    from telegram_simulator.world.chats import Conversation
    from telegram_simulator.world.world import World

Json = dict[str, Any]

_RIGHTS = tuple(
    """
    can_be_edited is_anonymous can_manage_video_chats can_restrict_members can_promote_members can_change_info
    can_invite_users can_post_stories can_edit_stories can_delete_stories can_send_welcome_messages
    can_pin_messages can_manage_topics
""".split()
)
STRANGER = {"id": 4242, "is_bot": False, "first_name": "Carol"}
"""Who wrote first what people forward."""
_ADMIN = {"can_manage_chat": True, "can_delete_messages": True}


def user_json(user: User) -> Json:
    """Write a User."""
    return _present(
        id=user.id,
        is_bot=user.is_bot,
        first_name=user.first_name,
        username=user.username,
        language_code=user.language,
    )


def chat_json(world: World, conversation: Conversation) -> Json:
    """Write a Chat."""
    chat = conversation.chat
    if chat.kind is not ChatKind.PRIVATE:
        return group_json(chat)
    user = world.users[chat.id]
    return _present(
        id=chat.id,
        type=chat.kind.value,
        first_name=user.first_name,
        username=user.username,
    )


def group_json(chat: Chat) -> Json:
    """Write a Chat that is a group."""
    return _present(id=chat.id, type=chat.kind.value, title=chat.title)


def message_json(world: World, conversation: Conversation, message: Message, *, nested: bool = False) -> Json:
    """Write a Message; a `nested` one does not say what it replies to."""
    answered = None
    if message.reply_to is not None and not nested:
        answered = conversation.find(message.reply_to)
    return _present(
        message_id=message.id,
        **{"from": user_json(message.sender)},
        sender_chat=message.sender_chat and group_json(message.sender_chat),
        chat=chat_json(world, conversation),
        date=message.date,
        edit_date=message.edit_date,
        media_group_id=message.album_id,
        forward_origin={"type": "user", "date": message.date, "sender_user": STRANGER} if message.forwarded else None,
        via_bot=message.via_bot and user_json(message.via_bot),
        reply_to_message=answered and message_json(world, conversation, answered, nested=True),
        **_content(message),
        reply_markup=keyboard_json(message.keyboard) if message.keyboard else None,
    )


def member_json(user: User, standing: Standing = Standing.MEMBER, *, forbidden: frozenset[str] = frozenset()) -> Json:
    """Write a ChatMember; `forbidden` is what a restricted one may not do."""
    member: Json = {"status": standing.value, "user": user_json(user)}
    match standing:
        case Standing.ADMINISTRATOR:
            return member | dict.fromkeys(_RIGHTS, False) | _ADMIN
        case Standing.RESTRICTED:
            return member | {"is_member": True, "until_date": 0} | {name: name not in forbidden for name in PERMISSIONS}
        case Standing.KICKED:
            return member | {"until_date": 0}
        case _:
            return member


def standing_json(world: World, conversation: Conversation, by: User, old: Json, new: Json) -> Json:
    """Write a ChatMemberUpdated, from one ChatMember to another."""
    chat = chat_json(world, conversation)
    return {
        "chat": chat,
        "from": user_json(by),
        "date": int(time.time()),
        "old_chat_member": old,
        "new_chat_member": new,
    }


def file_json(file: File) -> Json:
    """Write what all kinds of files have in common."""
    return {"file_id": file.id, "file_unique_id": file.unique_id, "file_size": file.size}


def _content(message: Message) -> Json:
    media = message.media
    if message.invoice is not None:
        return {"invoice": _invoice(message.invoice)}
    if message.payment is not None:
        return _payment(message.payment)
    if message.service is not None:
        return dict(message.service)
    if media is None:
        return _present(text=message.text)
    words = _present(caption=message.text or None)
    if media.kind is MediaKind.PHOTO:
        return {"photo": [_size(rendition) for rendition in media.renditions], **words}
    content: Json = {media.kind.value: _file(media), **words}
    if media.kind is MediaKind.ANIMATION:
        content["document"] = _file(media)  # for bots that know no animations
    return content


def _invoice(invoice: Invoice) -> Json:
    return {
        "title": invoice.title,
        "description": invoice.description,
        "start_parameter": "",
        "currency": invoice.currency,
        "total_amount": invoice.total,
    }


def _payment(payment: Payment) -> Json:
    said = {
        "currency": payment.currency,
        "total_amount": payment.total,
        "invoice_payload": payment.payload,
        "telegram_payment_charge_id": payment.charge_id,
        "provider_payment_charge_id": payment.charge_id,
    }
    return {"refunded_payment" if payment.refunded else "successful_payment": said}


_PLAYED = {"duration": 1}
_SEEN = {"width": 512, "height": 512}
_FURTHER: dict[MediaKind, Json] = {
    MediaKind.STICKER: _SEEN | {"type": "regular"},
    MediaKind.VOICE: _PLAYED,
    MediaKind.VIDEO_NOTE: _PLAYED | {"length": 384},
    MediaKind.AUDIO: _PLAYED,
    MediaKind.VIDEO: _PLAYED | _SEEN,
    MediaKind.ANIMATION: _PLAYED | _SEEN,
}
"""What kinds of files have beside a document's fields; how large and long they are, nobody asks."""


def _file(media: Media) -> Json:
    named = file_json(media.file) | _present(file_name=media.file.name, mime_type=media.file.mime)
    if media.kind is MediaKind.STICKER:
        named["is_animated"] = media.file.mime == "application/x-tgsticker"
        named["is_video"] = media.file.mime == "video/webm"
    return named | _FURTHER.get(media.kind, {})


def _size(rendition: Rendition) -> Json:
    return {**file_json(rendition.file), "width": rendition.width, "height": rendition.height}


def _present(**values: Any) -> Json:
    return {name: value for name, value in values.items() if value is not None}
