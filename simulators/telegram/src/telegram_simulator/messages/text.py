"""What Telegram makes of a text: trimmed and measured. Nothing in it is marked: the bot's texts are plain."""

from __future__ import annotations

from telegram_simulator.common.errors import ApiError

MAX_TEXT = 4096
MAX_CAPTION = 1024
"""In code points."""


def message_text(text: str | None) -> str:
    """Let a message's text through.

    Raises:
        ApiError: It is empty or too long.
    """
    trimmed = _trimmed(text)
    if not trimmed:
        raise ApiError("message text is empty")
    if len(trimmed) > MAX_TEXT:
        raise ApiError("message is too long")
    return trimmed


def caption(text: str | None) -> str:
    """Let a caption through.

    Raises:
        ApiError: It is too long.
    """
    trimmed = _trimmed(text)
    if len(trimmed) > MAX_CAPTION:
        raise ApiError("message caption is too long")
    return trimmed


def _trimmed(text: str | None) -> str:
    return (text or "").replace("\r", "").strip()  # browsers end the lines of a form with CRLF
