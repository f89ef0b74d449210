"""The errors of the Bot API server that the bot tells apart, and what each asks of its caller."""

from __future__ import annotations

from enum import StrEnum


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
TEXTS: dict[ErrorKind, tuple[str, ...]] = {
    # From the source of the server and of TDLib, which it's built on (github.com/tdlib). Names in capitals are those of
    # Telegram's own servers, which both pass on. A text matches where it occurs, in any case; the first one decides.
    ErrorKind.UNCHANGED: ("message is not modified", "MESSAGE_NOT_MODIFIED", "CHARGE_ALREADY_REFUNDED"),
    ErrorKind.MIGRATED: ("group chat was upgraded to a supergroup chat",),
    ErrorKind.WRITE_FORBIDDEN: (
        "TOPIC_CLOSED", "have no rights to send", "CHAT_WRITE_FORBIDDEN", "CHAT_RESTRICTED", "ADMIN_REQUIRED",
        "USER_BANNED_IN_CHANNEL",
    ),
    ErrorKind.REPLY_REJECTED: (
        "to be replied not found", "message thread not found", "REPLY_MESSAGE", "TOPIC_DELETED",
    ),
    ErrorKind.MESSAGE_GONE: (
        "message to edit", "message not found", "can't be edited", "MESSAGE_ID_INVALID", "MESSAGE_EDIT_TIME_EXPIRED",
        "MESSAGE_AUTHOR_REQUIRED",
    ),
    ErrorKind.CHAT_UNREACHABLE: (
        "chat not found", "PEER_ID_INVALID", "USER_IS_BLOCKED", "DEACTIVATED", "CHANNEL_PRIVATE",
    ),
    ErrorKind.KIND_FORBIDDEN: ("not enough rights to send", "CHAT_SEND_"),
    ErrorKind.FLOOD: ("too many requests", "FLOOD", "SLOWMODE_WAIT"),
    ErrorKind.TOO_LARGE: ("too big", "too large"),
    ErrorKind.BUTTONS_REJECTED: ("inline keyboard", "REPLY_MARKUP_", "BUTTON_"),
    ErrorKind.TEXT_REJECTED: ("too long", "TOO_LONG", "is empty", "MESSAGE_EMPTY", "non-empty", "can't parse entities"),
    ErrorKind.PICTURE_REJECTED: ("PHOTO_", "photo must be", "IMAGE_PROCESS_FAILED", "MEDIA_", "FILE_PART"),
    ErrorKind.FILE_GONE: ("file_id", "file identifier", "FILE_REFERENCE_", "LOCATION_INVALID"),
    ErrorKind.QUERY_STALE: ("query is too old", "QUERY_ID_INVALID"),
}  # fmt: skip
_BY_TEXT = tuple((text.lower(), kind) for kind, texts in TEXTS.items() for text in texts)
_SERVER_ERRORS = 500


def classify(status: int, description: str) -> ErrorKind:
    """Say what an answer with `ok: false` asks of its caller.

    Args:
        status: HTTP status, which equals `error_code`; 0 where it is not known.
        description: Text of the error.
    """
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if status >= _SERVER_ERRORS:
        return ErrorKind.UNAVAILABLE
    said = description.lower()
    fallback = ErrorKind.CHAT_UNREACHABLE if status == 403 else ErrorKind.UNKNOWN  # noqa: PLR2004 - Forbidden
    return next((kind for text, kind in _BY_TEXT if text in said), fallback)
