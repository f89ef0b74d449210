"""The table of the Bot API server's errors."""

from __future__ import annotations

import pytest

from qwenedit_bot.chat.errors.kinds import TEXTS, ErrorKind, classify


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in TEXTS.items() for text in texts])
def test_error_text_asks_for_what_its_row_says(kind: ErrorKind, text: str) -> None:
    assert classify(400, f"Bad Request: {text}") is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, ErrorKind.UNAUTHORIZED),
        (404, ErrorKind.UNAUTHORIZED),
        (409, ErrorKind.CONFLICT),
        (413, ErrorKind.TOO_LARGE),
        (429, ErrorKind.FLOOD),
        (500, ErrorKind.UNAVAILABLE),
        (502, ErrorKind.UNAVAILABLE),
        (403, ErrorKind.CHAT_UNREACHABLE),
        (400, ErrorKind.UNKNOWN),
        (0, ErrorKind.UNKNOWN),
    ],
)
def test_error_without_a_row_is_told_by_its_status(status: int, kind: ErrorKind) -> None:
    assert classify(status, "something of tomorrow") is kind


@pytest.mark.parametrize(
    ("description", "kind"),
    [
        ("Bad Request: not enough rights to send photos to the chat", ErrorKind.KIND_FORBIDDEN),
        ("Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN", ErrorKind.KIND_FORBIDDEN),
        ("Bad Request: there is no text in the message to edit", ErrorKind.MESSAGE_GONE),
        ("Bad Request: MEDIA_CAPTION_TOO_LONG", ErrorKind.TEXT_REJECTED),
        ("Bad Request: PHOTO_INVALID_DIMENSIONS", ErrorKind.PICTURE_REJECTED),
        ("Bad Request: message to be replied not found", ErrorKind.REPLY_REJECTED),
        ("Bad Request: message to edit not found", ErrorKind.MESSAGE_GONE),
        ("Bad Request: private chat not found", ErrorKind.CHAT_UNREACHABLE),
        ("Bad Request: wrong file_id or the file is temporarily unavailable", ErrorKind.FILE_GONE),
        ("Forbidden: bot was kicked from the supergroup chat", ErrorKind.CHAT_UNREACHABLE),
        ("Bad Request: inline keyboard button text must be non-empty", ErrorKind.BUTTONS_REJECTED),
    ],
)
def test_error_text_that_several_rows_match_is_told_by_the_closest(description: str, kind: ErrorKind) -> None:
    status = 403 if description.startswith("Forbidden") else 400
    assert classify(status, description) is kind
