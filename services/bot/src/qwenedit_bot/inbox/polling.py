"""Receives updates by long polling. Telegram serves one poller a bot: the newest."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog
from aiogram.exceptions import AiogramError, TelegramConflictError, TelegramNotFound, TelegramUnauthorizedError
from aiogram.methods.base import TelegramMethod
from redis.exceptions import RedisError

from qwenedit_bot.chat.actors import KINDS
from qwenedit_bot.chat.call_errors import status_of
from qwenedit_bot.chat.errors import TokenRefusedError
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.waiting import unless
from qwenedit_jobs.backoff import Backoff, pause
from qwenedit_telemetry import HEALTHY, Health

if TYPE_CHECKING:
    import asyncio

    from aiogram import Bot

    from qwenedit_bot.inbox.inbox import Inbox


log = structlog.get_logger(__name__)


class GetRawUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates without a model of the result: an update that no model fits must not block those behind it."""

    __returning__ = list[dict[str, Any]]
    __api_method__ = "getUpdates"

    offset: int | None = None
    timeout: int
    allowed_updates: list[str]


class Poller:
    """Takes updates from Telegram into the lanes of their chats, and confirms them only then."""

    def __init__(self, bot: Bot, updates: Inbox) -> None:
        self._bot = bot
        self._updates = updates
        self._answered_at = time.monotonic()

    def health(self) -> Health:
        """Return whether Telegram answers."""
        silent_for = time.monotonic() - self._answered_at
        if silent_for > timeouts.LONG_POLL_LOST:
            return Health.failing(f"Telegram has not answered for {silent_for:.0f} s")
        return HEALTHY

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until the stop event, which cuts a waiting request and loses nothing.

        Deletes a webhook of an earlier installation once, at the start. A later webhook is the successor's, which soon
        stops this poller.

        Raises:
            TokenRefusedError: Telegram no longer knows the token.
        """
        log.info("polling.started", note="one replica only: Telegram serves the newest poller and refuses the others")
        backoff = Backoff()
        offset: int | None = None
        webhook_deleted = False
        while not stop.is_set():
            call = GetRawUpdates(offset=offset, timeout=timeouts.LONG_POLL, allowed_updates=list(KINDS))
            try:
                if not webhook_deleted:
                    webhook_deleted = bool(await unless(stop, self._bot.delete_webhook(drop_pending_updates=False)))
                updates = await unless(stop, self._bot(call, request_timeout=timeouts.LONG_POLL_LOST))
                if updates is None:
                    break
                self._answered_at = time.monotonic()
                if updates:
                    await self._updates.take(updates)
            except (TelegramUnauthorizedError, TelegramNotFound):
                raise TokenRefusedError("Telegram no longer knows this token: was it revoked?") from None
            except (AiogramError, RedisError) as error:
                await pause(stop, _reported(error, backoff.next()))
            else:
                backoff.reset()
                if updates:
                    # Only the next request tells Telegram that it may forget these; they are in Redis now.
                    offset = max(int(update["update_id"]) for update in updates) + 1
        log.info("polling.stopped")


def _reported(error: AiogramError | RedisError, wait: float) -> float:
    """Log why no updates came; returns the seconds until the next try."""
    if isinstance(error, RedisError):
        log.warning("polling.redis_unavailable", error=error, next_in=round(wait, 1))
    elif isinstance(error, TelegramConflictError):  # another poller runs with the same token, or a webhook is set
        wait = max(wait, 1.0)
        log.warning("polling.conflict", cause=error.message, next_in=round(wait, 1))
    else:
        wait = max(wait, float(getattr(error, "retry_after", 0.0)))
        fields = {"status": status_of(error), "error": error}
        log.warning("polling.telegram_unavailable", **fields, next_in=round(wait, 1))
    return wait
