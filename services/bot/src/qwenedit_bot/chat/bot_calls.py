"""Makes one call of the Bot API within the rate limits, and translates its errors.

No aiogram error leaves this module: they quote URLs, which hold the token.
"""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from aiogram.exceptions import (
    AiogramError,
    TelegramAPIError,
    TelegramEntityTooLarge,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramRetryAfter,
)

from qwenedit_bot.chat.call_metrics import status_of
from qwenedit_bot.chat.errors import (
    BotError,
    ChatUnreachableError,
    KindForbiddenError,
    LaterError,
    PhotoRejectedError,
    TelegramRefusedError,
    TelegramUnavailableError,
    WriteForbiddenError,
)
from qwenedit_bot.chat.errors.kinds import ErrorKind, classify

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwenedit_bot.chat.rate_limit.shared import SharedLimiter
    from qwenedit_bot.common.metrics import BotMetrics

UNUSED_FOR = 15.0
"""Seconds for which a turn may be used that was taken in advance, or whose call was refused."""
UNTOLD_PAUSE = 5.0
"""Seconds to wait after a 429 that does not say how long."""

_FAILURES = (ErrorKind.UNAVAILABLE, ErrorKind.UNAUTHORIZED, ErrorKind.CONFLICT)
_UNREACHABLE = {ErrorKind.CHAT_UNREACHABLE: ChatUnreachableError, ErrorKind.WRITE_FORBIDDEN: WriteForbiddenError}
_REFUSALS: dict[ErrorKind, type[TelegramRefusedError]] = {
    ErrorKind.KIND_FORBIDDEN: KindForbiddenError,
    ErrorKind.PICTURE_REJECTED: PhotoRejectedError,
    ErrorKind.TOO_LARGE: PhotoRejectedError,
}

log = structlog.get_logger(__name__)


class MigratedError(BotError):
    """The group became a supergroup.

    Args:
        new_id: The supergroup's id.
    """

    def __init__(self, new_id: int) -> None:
        super().__init__("the group became a supergroup")
        self.new_id = new_id


class BotCalls:
    """Decides when calls are made and what their errors mean. No call is repeated here: who made it may do so.

    Args:
        limiter: The rate limit of all replicas.
        metrics: Counts the seconds that Telegram told the bot to wait.
    """

    def __init__(self, limiter: SharedLimiter, metrics: BotMetrics) -> None:
        self._limiter = limiter
        self._metrics = metrics
        self._unused: dict[int, float] = {}

    async def turn(self, chat_id: int, *, edit: bool = False) -> None:
        """Take a chat's turn, for an edit also one of its edits.

        A turn whose call Telegram has refused is not used up. A caller tries a photo, then a file, then words. With one
        turn left in the chat it would otherwise begin with the photo each time, and never come to the words.

        Raises:
            LaterError: It is not free.
        """
        if self._unused.pop(chat_id, 0.0) < time.monotonic():
            await self._limiter.acquire(chat_id, edit=edit)

    async def ready(self, chat_id: int, *, edit: bool) -> None:
        """Take a chat's turn for the next call; raises what `turn` raises."""
        if self._unused.get(chat_id, 0.0) < time.monotonic():
            await self._limiter.acquire(chat_id, edit=edit)
            self._keep(chat_id)

    @asynccontextmanager
    async def made(self, method: str, *, chat_id: int | None = None) -> AsyncIterator[None]:
        """Make a call inside the block, and translate its errors. One that says “not modified” is none.

        Args:
            method: Its name, for metrics.
            chat_id: The chat in whose turn it is made; a 429 closes that chat.

        Raises:
            LaterError: Telegram says 429.
            MigratedError: The group has another id now.
            ChatUnreachableError: Nothing can be said here, or not now (`WriteForbiddenError`).
            TelegramRefusedError: Telegram does not do it; `kind` says what to make of it.
            TelegramUnavailableError: Telegram fails or does not answer.
        """
        try:
            yield
        except TelegramRetryAfter as error:
            await self._obey(method, chat_id, float(error.retry_after))
            raise LaterError(error.retry_after, "flood") from None
        except AiogramError as error:
            translated = self._translated(method, error)
            if chat_id is not None and isinstance(translated, TelegramRefusedError | ChatUnreachableError):
                self._keep(chat_id)
            if isinstance(translated, MigratedError):  # said in the supergroup at once, where known
                self._keep(translated.new_id)
            if translated is not None:
                raise translated from None

    def _keep(self, chat_id: int) -> None:
        now = time.monotonic()
        self._unused = {chat: until for chat, until in self._unused.items() if until > now}
        self._unused[chat_id] = now + UNUSED_FOR

    async def _obey(self, method: str, chat_id: int | None, seconds: float) -> None:
        self._metrics.retry_after.inc(seconds)
        log.warning("telegram.too_many_requests", method=method, retry_after=seconds)
        if chat_id is not None:
            self._unused.pop(chat_id, None)
            await self._limiter.close(chat_id, seconds)

    def _translated(self, method: str, error: AiogramError) -> BotError | None:
        if isinstance(error, TelegramMigrateToChat):
            return MigratedError(error.migrate_to_chat_id)
        if not isinstance(error, TelegramAPIError):
            return TelegramUnavailableError(type(error).__name__)
        status = status_of(error)
        if isinstance(error, TelegramNetworkError) and not isinstance(error, TelegramEntityTooLarge):
            return TelegramUnavailableError(status)
        kind = classify(500 if status == "5xx" else int(status) if status.isdecimal() else 0, error.message)
        if kind is ErrorKind.UNKNOWN:
            log.warning("telegram.unknown_error", method=method, status=status, description=error.message)
        return _error(kind, error.message, status)


def _error(kind: ErrorKind, description: str, status: str) -> BotError | None:
    if kind is ErrorKind.UNCHANGED:
        return None
    if kind is ErrorKind.FLOOD:
        return LaterError(UNTOLD_PAUSE, "flood")
    if kind in _FAILURES:
        return TelegramUnavailableError(status)
    if kind in _UNREACHABLE:
        return _UNREACHABLE[kind](description)
    return _REFUSALS.get(kind, TelegramRefusedError)(description, kind)
