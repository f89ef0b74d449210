"""Messages as the chat page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from telegram_simulator.messages.model import MediaKind

if TYPE_CHECKING:
    from telegram_simulator.messages.keyboards import Button
    from telegram_simulator.messages.model import Invoice, Media, Message

Json = dict[str, Any]


def message_view(message: Message) -> Json:
    """Write a message; it is from the person who looks, or from the bot."""
    media = message.media
    photo = media if media and media.kind is MediaKind.PHOTO else None
    document = media if media and media.kind is not MediaKind.PHOTO else None
    return {
        "id": message.id,
        "from": "bot" if message.outgoing else "user",
        "date": message.date,
        "text": message.text,
        "photo": photo and {"url": file_url(photo), "width": photo.width, "height": photo.height},
        "document": document and _document(document),
        "invoice": message.invoice and _invoice(message.invoice),
        "payment": message.payment and {"stars": message.payment.total, "refunded": message.payment.refunded},
        "album_id": message.album_id,
        "buttons": [[_button(button) for button in row] for row in message.keyboard],
        "edited": message.edit_date is not None,
        "reply_to": message.reply_to,
    }


def file_url(media: Media) -> str:
    """Return where the page fetches a file."""
    return f"/chat/files/{media.file.id}"


def _document(media: Media) -> Json:
    return {
        "url": file_url(media),
        "name": media.file.name or f"{media.kind.value}{media.file.path[media.file.path.rfind('.') :]}",
        "size": media.file.size,
        "mime": media.file.mime,
    }


def _invoice(invoice: Invoice) -> Json:
    return {
        "title": invoice.title,
        "description": invoice.description,
        "stars": invoice.total,
        "paid": invoice.paid,
    }


def _button(button: Button) -> Json:
    shown: Json = {"text": button.text} | ({"style": button.style} if button.style else {})
    return shown | ({"pay": True} if button.pay else {"data": button.callback_data})
