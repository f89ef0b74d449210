"""All errors of the Bot API server, and what the bot does about each.

The texts are from the source of the server and of TDLib, which it is built on. Names in capitals are those of
Telegram's own servers, which both pass on.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from qwenedit_bot.chat.errors.table import ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping


class ErrorKind(StrEnum):
    """What an error asks of its caller."""

    UNCHANGED = "unchanged"
    """The message says that already: a success."""
    MESSAGE_GONE = "message_gone"
    """The message cannot be edited any more: send another one."""
    CHAT_UNREACHABLE = "chat_unreachable"
    """Nothing can be said here until the user comes back or the bot is invited again."""
    WRITE_FORBIDDEN = "write_forbidden"
    """The bot is in the chat and may not write there now."""
    KIND_FORBIDDEN = "kind_forbidden"
    """Messages of this kind are not allowed here: say it another way."""
    PICTURE_REJECTED = "picture_rejected"
    """Telegram does not take this picture as a photo: send it as a file."""
    TOO_LARGE = "too_large"
    """The upload, or the file to be downloaded, is larger than Telegram allows."""
    TEXT_REJECTED = "text_rejected"
    """The words are too long, empty or badly marked up: a defect of the bot."""
    REPLY_REJECTED = "reply_rejected"
    """The message or topic that is replied to is gone: send without a reply."""
    BUTTONS_REJECTED = "buttons_rejected"
    """Telegram does not take the buttons: send without them."""
    QUERY_STALE = "query_stale"
    """The press or question was forgotten: nobody waits for its answer."""
    FILE_GONE = "file_gone"
    """Telegram does not have the user's file any more."""
    MIGRATED = "migrated"
    """The group became a supergroup: go on there."""
    FLOOD = "flood"
    """Too many calls: wait as long as Telegram says."""
    UNAVAILABLE = "unavailable"
    """Telegram fails: the same call may work later."""
    UNAUTHORIZED = "unauthorized"
    """Telegram does not know the token."""
    CONFLICT = "conflict"
    """Another poller or a webhook takes the updates."""
    UNKNOWN = "unknown"
    """Telegram has an error that this table lacks: say it another way once, then treat the chat as unreachable."""


_BY_STATUS = {
    401: ErrorKind.UNAUTHORIZED,
    404: ErrorKind.UNAUTHORIZED,  # so the server answers a malformed token; every method that the bot calls exists
    409: ErrorKind.CONFLICT,
    413: ErrorKind.TOO_LARGE,
    420: ErrorKind.FLOOD,
    421: ErrorKind.UNAUTHORIZED,
    429: ErrorKind.FLOOD,
}
_BY_TEXT = tuple((text.lower(), ErrorKind(kind)) for kind, text, _source in ROWS)
_SERVER_ERRORS = 500


def classify(status: int, description: str, parameters: Mapping[str, object] | None = None) -> ErrorKind:
    """Say what an answer with `ok: false` asks of its caller.

    Args:
        status: HTTP status, which equals `error_code`; 0 where it is not known.
        description: Text of the error.
        parameters: The answer's `parameters`, where it has some.
    """
    given = parameters or {}
    if given.get("migrate_to_chat_id"):
        return ErrorKind.MIGRATED
    if given.get("retry_after"):
        return ErrorKind.FLOOD
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= _SERVER_ERRORS:
        return ErrorKind.UNAVAILABLE
    said = description.lower()
    fallback = ErrorKind.CHAT_UNREACHABLE if status == 403 else ErrorKind.UNKNOWN  # noqa: PLR2004 - Forbidden
    return next((kind for text, kind in _BY_TEXT if text in said), fallback)
