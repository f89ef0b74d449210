"""What the Bot API refuses, and what a caller of the control API gets wrong.

The descriptions are those of Telegram's own server (https://github.com/tdlib/telegram-bot-api, `Client.cpp`, and
tdlib below it). A bot that tells errors apart by their words so learns the right ones.
"""

from __future__ import annotations

from http.client import responses


class ApiError(Exception):
    """A refused call of the Bot API.

    Args:
        description: What is wrong; the code's name is put before it.
        code: Of HTTP. 501, which Telegram has not: the method exists, the simulator lacks it.
        parameters: What a program may act upon, such as `retry_after`.
    """

    def __init__(self, description: str = "", *, code: int = 400, **parameters: int) -> None:
        super().__init__(f"{responses[code]}: {description}" if description else responses[code])
        self.description = description
        self.code = code
        self.parameters = parameters


class TooManyRequestsError(ApiError):
    """The bot speaks too fast.

    Args:
        retry_after: Seconds until it may speak again.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after}", code=429, retry_after=retry_after)
        self.retry_after = retry_after


class ControlError(Exception):
    """Something that the page or a test asks for is impossible: there is no such user, chat, message or button, say."""
