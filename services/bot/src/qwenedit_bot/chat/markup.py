"""Buttons, replies and files as the Bot API wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiogram.types import (
    BufferedInputFile,
    DisabledButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    ReplyParameters,
)

if TYPE_CHECKING:
    from qwenedit_bot.chat.messenger import Picture, Source
    from qwenedit_bot.chat.view import Button, Buttons


def reply_to(source: Source) -> ReplyParameters | None:
    """Reply to a user's message, or just write where it is gone; None to reply to nothing."""
    if not source.message_id or source.moved:
        return None
    return ReplyParameters(message_id=source.message_id, allow_sending_without_reply=True)


def keyboard(buttons: Buttons, *, plain: bool = False) -> InlineKeyboardMarkup | None:
    """Make an inline keyboard; a plain one has only buttons that every Bot API server knows."""
    if not buttons:
        return None
    rows = [[_button(button, plain=plain) for button in row] for row in buttons]
    return InlineKeyboardMarkup(inline_keyboard=rows)


def _button(button: Button, *, plain: bool) -> InlineKeyboardButton:
    if button.disabled and not plain:
        return InlineKeyboardButton(text=button.label, style=button.style, disabled=DisabledButton())
    return InlineKeyboardButton(text=button.label, style=button.style, callback_data=button.data)


def file_of(picture: Picture) -> BufferedInputFile:
    """Make the upload of a picture."""
    extension = "png" if picture.data.startswith(b"\x89PNG") else "jpg"
    return BufferedInputFile(picture.data, f"{picture.name}.{extension}")
