"""What the Bot API refuses, and what a caller of the control API gets wrong.

SimulatorError
├── ApiError                 a call of the Bot API is refused; carries the code
│   ├── BadRequestError      400
│   │   └── MigratedError    the group has become a supergroup; carries its id
│   ├── UnauthorizedError    401
│   ├── ForbiddenError       403
│   ├── NotFoundError        404
│   ├── ConflictError        409
│   ├── TooLargeError        413
│   ├── TooManyRequestsError 429; carries the pause
│   └── UnsupportedError     501, which Telegram has not: the method exists, the simulator lacks it
└── ControlError             the control API or the chat page asks for what cannot be
    └── NoSuchThingError     it names what does not exist

The descriptions are those of Telegram's own server (https://github.com/tdlib/telegram-bot-api, `Client.cpp`, and
tdlib below it). A bot that tells errors apart by their words so learns the right ones.
"""

from __future__ import annotations

from typing import ClassVar


class SimulatorError(Exception):
    """Base of all of them."""


class ApiError(SimulatorError):
    """A refused call.

    Args:
        description: What is wrong; the code's name is put before it.
        parameters: What a program may act upon, such as `retry_after`.
    """

    code: ClassVar[int] = 400
    title: ClassVar[str] = "Bad Request"

    def __init__(self, description: str = "", **parameters: int) -> None:
        super().__init__(f"{self.title}: {description}" if description else self.title)
        self.parameters = parameters


class BadRequestError(ApiError):
    """The call makes no sense."""


class MigratedError(BadRequestError):
    """The group has become a supergroup (telegram-bot-api, `Client.cpp`, `check_chat_access`).

    Args:
        chat_id: Of the supergroup.
    """

    def __init__(self, chat_id: int) -> None:
        super().__init__("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat_id)


class UnauthorizedError(ApiError):
    """The token is not, or no longer, a bot's."""

    code = 401
    title = "Unauthorized"


class ForbiddenError(ApiError):
    """The bot may not speak there."""

    code = 403
    title = "Forbidden"


class NotFoundError(ApiError):
    """There is no such method, or no such token."""

    code = 404
    title = "Not Found"


class ConflictError(ApiError):
    """Somebody else receives the bot's updates."""

    code = 409
    title = "Conflict"


class TooLargeError(ApiError):
    """The request is larger than Telegram's servers read."""

    code = 413
    title = "Request Entity Too Large"


class TooManyRequestsError(ApiError):
    """The bot speaks too fast.

    Args:
        retry_after: Seconds until it may speak again.
    """

    code = 429
    title = "Too Many Requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after}", retry_after=retry_after)
        self.retry_after = retry_after


class UnsupportedError(ApiError):
    """The Bot API has the method, the simulator does not."""

    code = 501
    title = "Not Implemented"


class ControlError(SimulatorError):
    """Something that a person or a test asks for is impossible."""


class NoSuchThingError(ControlError):
    """There is no such user, chat, message, button or file."""
