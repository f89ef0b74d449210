"""What Telegram makes of a text: trimmed and measured. Nothing in it is marked: the bot's texts are plain."""

from __future__ import annotations

from telegram_simulator.common.errors import BadRequestError

MAX_TEXT = 4096
MAX_CAPTION = 1024
"""In code points."""


def message_text(text: str | None) -> str:
    """Let a message's text through.

    Raises:
        BadRequestError: It is empty or too long.
    """
    trimmed = _trimmed(text)
    if not trimmed:
        raise BadRequestError("message text is empty")
    if len(trimmed) > MAX_TEXT:
        raise BadRequestError("message is too long")
    return trimmed


def caption(text: str | None) -> str:
    """Let a caption through.

    Raises:
        BadRequestError: It is too long.
    """
    trimmed = _trimmed(text)
    if len(trimmed) > MAX_CAPTION:
        raise BadRequestError("message caption is too long")
    return trimmed


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\r", "").strip()  # browsers end the lines of a form with CRLF
