"""What can go wrong between the bot and Telegram, in the words of the code that has to deal with it."""

from __future__ import annotations


class BotError(Exception):
    """Base of the bot's own errors."""


class LaterError(BotError):
    """Nothing failed, but something scarce is not to be had now: do the same work again after a while.

    Whoever raises it holds nothing. The scheduler parks the work with a due time, and hands its slot to somebody else.

    Args:
        after: Seconds until it is worth another look.
        what: What was not to be had, for metrics: `pace`, `conversion`, `memory`, ….
    """

    def __init__(self, after: float, what: str) -> None:
        super().__init__(f"{what}: again in {after:.1f} s")
        self.after = after
        self.what = what


class TelegramUnavailableError(BotError):
    """Telegram does not answer, or asks us to wait longer than a call may last. The same call may work later."""


class ChatUnreachableError(BotError):
    """The user blocked the bot or is gone: nothing can be said in this chat."""


class TelegramRefusedError(BotError):
    """Telegram refused a call (400) for a reason that only some callers can do something about."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class PhotoRejectedError(BotError):
    """Telegram does not take the picture as a photo."""


class FileUnavailableError(BotError):
    """Telegram does not hand out a user's file."""


class RestingError(BotError):
    """A user's last file had to be killed: none of their files is opened for a while."""


class StorageSlowError(BotError):
    """The connection to the store of pictures is too slow for one of this size."""


class FileTooBigError(BotError):
    """A user's file is larger than a bot may download."""


class TokenRefusedError(BotError):
    """Telegram does not know the bot's token."""


class KubernetesError(BotError):
    """Kubernetes does not answer, or refuses what the bot wants to tell it."""
