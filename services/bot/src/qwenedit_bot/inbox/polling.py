"""Receives updates by long polling. Telegram serves one poller a bot: the newest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.exceptions import (
    AiogramError,
    TelegramConflictError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.methods.base import TelegramMethod
from redis.exceptions import RedisError

from qwenedit_bot.chat.call_metrics import status_of
from qwenedit_bot.chat.errors import TokenRefusedError
from qwenedit_bot.common.waiting import pause, unless
from qwenedit_bot.inbox.updates import KINDS
from qwenedit_jobs.backoff import Backoff
from qwenedit_telemetry import HEALTHY, Health

if TYPE_CHECKING:
    import asyncio

    from aiogram import Bot

    from qwenedit_bot.inbox.inbox import Inbox

LONG_POLL = 25
"""Seconds that Telegram holds a request without updates."""
GRACE = 10
"""Seconds more until a request counts as lost."""

REST = 0.005
"""Seconds from taking updates to the next request, so that their handling begins before it."""
WEBHOOK_IS_SET = "webhook is active"
"""What Telegram says to a request that finds a webhook. One that is set during a request ends it in other words."""

log = structlog.get_logger(__name__)


class GetRawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates without a model of the result: an update that no model fits must not block those behind it."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    timeout: int
    allowed_updates: list[str]


class Poller:
    """Takes updates from Telegram into the lanes of their chats, and confirms them only then.

    Args:
        bot: The connection to Telegram.
        updates: Where updates are kept until they are handled.
    """

    def __init__(self, bot: Bot, updates: Inbox) -> None:
        self._bot = bot
        self._updates = updates
        self._answered_at = time.monotonic()
        self._served = False

    def health(self) -> Health:
        """Whether Telegram answers."""
        silent_for = time.monotonic() - self._answered_at
        if silent_for > LONG_POLL + GRACE:
            return Health.failing(f"Telegram has not answered for {silent_for:.0f} s")
        return HEALTHY

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until the wish to stop comes; a request that waits is cut then, which loses nothing.

        Raises:
            TokenRefusedError: Telegram no longer knows the token.
        """
        log.info("polling.started", note="one replica only: Telegram serves the newest poller and refuses the others")
        backoff = Backoff()
        offset: int | None = None
        while not stop.is_set():
            call = GetRawUpdates(offset=offset, timeout=LONG_POLL, allowed_updates=list(KINDS))
            try:
                updates = await unless(stop, self._bot(call, request_timeout=LONG_POLL + GRACE))
                if updates is None:
                    break
                self._answered_at = time.monotonic()
                self._served = True
                if updates:
                    await self._updates.take(updates)
            except (TelegramUnauthorizedError, TelegramNotFound):
                raise TokenRefusedError("Telegram no longer knows this token: was it revoked?") from None
            except (AiogramError, RedisError) as error:
                if isinstance(error, TelegramConflictError):
                    await self._resolve(error, stop)
                await pause(stop, self._report(error, backoff))
                continue
            backoff.reset()
            if updates:
                # Only the next request tells Telegram that it may forget these; they are in Redis now.
                offset = max(int(update["update_id"]) for update in updates) + 1
                await pause(stop, REST)
        log.info("polling.stopped")

    async def _resolve(self, conflict: TelegramConflictError, stop: asyncio.Event) -> None:
        """Delete a webhook that was there before this poller. A later one is its successor's, which soon stops it."""
        if WEBHOOK_IS_SET not in conflict.message:
            self._served = True
        elif not self._served:
            await self._end_webhook(stop)

    async def _end_webhook(self, stop: asyncio.Event) -> None:
        """Delete the webhook that an earlier installation has left: the operator has chosen polling now.

        Updates that wait are kept.
        """
        try:
            await unless(stop, self._bot.delete_webhook(drop_pending_updates=False))
        except AiogramError as error:
            log.warning("polling.webhook_not_deleted", error=type(error).__name__)
        else:
            log.warning("polling.webhook_deleted", note="this bot polls; set WEBHOOK_URL to receive by webhook")

    def _report(self, error: Exception, backoff: Backoff) -> float:
        wait = backoff.next()
        if isinstance(error, TelegramRetryAfter):
            wait = float(error.retry_after)
        if isinstance(error, TelegramConflictError):
            wait = max(wait, 1.0)
            cause = (
                "a webhook is set" if "webhook" in error.message.lower() else "another poller runs with the same token"
            )
            log.warning("polling.conflict", cause=cause, next_in=round(wait, 1))
        elif isinstance(error, RedisError):
            log.warning("polling.redis_unavailable", error=type(error).__name__, next_in=round(wait, 1))
        else:
            status = status_of(error) if isinstance(error, AiogramError) else ""
            log.warning(
                "polling.telegram_unavailable", status=status, error=type(error).__name__, next_in=round(wait, 1)
            )
        return wait
