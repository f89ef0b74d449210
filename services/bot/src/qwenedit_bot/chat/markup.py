"""Buttons, replies and files as the Bot API wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import (
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
)

if TYPE_CHECKING:
    from qwenedit_bot.chat.messenger import Picture, Source
    from qwenedit_bot.chat.view import Buttons


def reply_to(source: Source) -> ReplyParameters | None:
    """Reply to a user's message, or just write where it is gone; None to reply to nothing."""
    if not source.message_id:
        return None
    return ReplyParameters(message_id=source.message_id, allow_sending_without_reply=True)


def keyboard(buttons: Buttons) -> InlineKeyboardMarkup | None:
    """Make an inline keyboard."""
    if not buttons:
        return None
    rows = [
        [InlineKeyboardButton(text=each.label, style=each.style, callback_data=each.data) for each in row]
        for row in buttons
    ]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def file_of(picture: Picture) -> BufferedInputFile:
    """Make the upload of a picture."""
    extension = "png" if picture.data.startswith(b"\x89PNG") else "jpg"
    return BufferedInputFile(picture.data, f"{picture.name}.{extension}")
