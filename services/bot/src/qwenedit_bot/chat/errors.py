"""What can go wrong between the bot and Telegram, as error types that say what to do about it."""

from __future__ import annotations

from typing import ClassVar


class BotError(Exception):
    """Base of the bot's own errors."""


class LaterError(BotError):
    """Nothing failed, but something scarce is taken: do the same work again after a while.

    Code that raises it holds nothing scarce. The scheduler parks the work with a due time, and hands its slot to
    somebody else.

    Args:
        after: Seconds until it is worth another look.
        what: What was taken, for metrics: `pace`, `conversion`, `memory`, ….
        apart: The work waits apart, so that what came after it in its chat goes first.
    """

    def __init__(self, after: float, what: str, *, apart: bool = False) -> None:
        super().__init__(f"{what}: again in {after:.1f} s")
        self.after = after
        self.what = what
        self.apart = apart


class TelegramUnavailableError(BotError):
    """Telegram fails or does not answer. The same call may work later."""


class ChatUnreachableError(BotError):
    """Nothing can be said in this chat now: the bot is blocked, kicked, or has no right to send."""


class TelegramRefusedError(BotError):
    """Telegram refused a call for a reason that only some callers can do something about. Its text is Telegram's."""

    plainer_without: ClassVar[tuple[str, ...]] = ()
    """Parameters without which the same call may work."""


class UnchangedError(TelegramRefusedError):
    """The message says that already, or the payment went back before: a success."""


class MessageGoneError(TelegramRefusedError):
    """The message can no longer be edited: send another one."""


class GroupMovedError(MessageGoneError):
    """The group has become a supergroup, where messages have other numbers."""

    def __init__(self, chat_id: int) -> None:
        super().__init__("the group has become a supergroup")
        self.chat_id = chat_id


class KindForbiddenError(TelegramRefusedError):
    """Messages of this kind, such as photos or files, are not allowed in this chat. Others may be."""


class PhotoRejectedError(TelegramRefusedError):
    """Telegram does not take the picture: not this photo, or no file of this size."""


class TextRejectedError(TelegramRefusedError):
    """The words are too long, empty or badly marked up: a defect of the bot."""


class ReplyRejectedError(TelegramRefusedError):
    """The message or topic that is replied to is gone."""

    plainer_without = ("reply_parameters", "message_thread_id")


class ButtonsRejectedError(TelegramRefusedError):
    """Telegram does not take the buttons."""

    plainer_without = ("reply_markup",)


class UnknownRefusalError(TelegramRefusedError):
    """Telegram has an error that the bot does not know."""

    plainer_without = (*ReplyRejectedError.plainer_without, *ButtonsRejectedError.plainer_without)


class FileUnavailableError(BotError):
    """Telegram does not hand out a user's file."""


class FileTooBigError(BotError):
    """A user's file is larger than a bot may download."""


class TokenRefusedError(BotError):
    """Telegram does not know the bot's token."""


TEXTS: dict[type[BotError], str] = {
    # From the source of the server and of TDLib, which it's built on (github.com/tdlib). Names in capitals are those of
    # Telegram's own servers, which both pass on. Each text matches where it occurs, in any case; the first one decides.
    UnchangedError: "message is not modified; MESSAGE_NOT_MODIFIED; CHARGE_ALREADY_REFUNDED",
    ChatUnreachableError: (
        "TOPIC_CLOSED; have no rights to send; CHAT_WRITE_FORBIDDEN; CHAT_RESTRICTED; ADMIN_REQUIRED; "
        "USER_BANNED_IN_CHANNEL; chat not found; PEER_ID_INVALID; USER_IS_BLOCKED; DEACTIVATED; CHANNEL_PRIVATE"
    ),
    ReplyRejectedError: "to be replied not found; message thread not found; REPLY_MESSAGE; TOPIC_DELETED",
    MessageGoneError: (
        "message to edit; message to delete; message not found; can't be edited; MESSAGE_ID_INVALID; "
        "MESSAGE_EDIT_TIME_EXPIRED; MESSAGE_AUTHOR_REQUIRED; group chat was upgraded to a supergroup chat"
    ),
    KindForbiddenError: "not enough rights to send; CHAT_SEND_",
    LaterError: "too many requests; FLOOD; SLOWMODE_WAIT",
    ButtonsRejectedError: "inline keyboard; REPLY_MARKUP_; BUTTON_",
    TextRejectedError: "too long; TOO_LONG; is empty; MESSAGE_EMPTY; non-empty; can't parse entities",
    PhotoRejectedError: "too big; too large; PHOTO_; photo must be; IMAGE_PROCESS_FAILED; MEDIA_; FILE_PART",
    # The user's file is gone, or nobody waits for the answer to a press any more.
    TelegramRefusedError: (
        "file_id; file identifier; FILE_REFERENCE_; LOCATION_INVALID; query is too old; QUERY_ID_INVALID"
    ),
}
"""What Telegram says when it refuses, by the error that stands for it."""
