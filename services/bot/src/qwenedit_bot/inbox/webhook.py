"""Receives updates over HTTP, on any number of replicas: each update is stored once.

Anybody can reach the address. Until the secret has been checked, only a request's headers are read. Wrong requests
produce one log line a minute.
"""

from __future__ import annotations

import hmac
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from aiohttp import web
from cachetools import TTLCache
from redis.exceptions import RedisError

from qwenedit_bot.chat.actors import KINDS
from qwenedit_bot.chat.call_errors import status_of
from qwenedit_bot.chat.errors import TokenRefusedError
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.waiting import unless
from qwenedit_jobs import durations
from qwenedit_jobs.backoff import Backoff, pause
from qwenedit_telemetry import HEALTHY, Health, HttpServer

if TYPE_CHECKING:
    import asyncio

    from aiogram import Bot

    from qwenedit_bot.inbox.inbox import Inbox

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name (core.telegram.org/bots/api#setwebhook)
CONNECTIONS = 128
"""Open ones at most: Telegram opens 40 to a webhook (its `max_connections`), and a proxy as many for it."""

log = structlog.get_logger(__name__)


def secret_of(token: str, url: str) -> str:
    """Derive the secret that Telegram sends with each update: another one for each address."""
    return hmac.digest(token.encode(), f"qwenedit: secret of the webhook {url}".encode(), "sha256").hex()


class Webhook:
    """Stores updates from Telegram in the lanes of their chats, then answers 200.

    Telegram redelivers after any other status, so nothing is lost while Redis is down, and a copy is dropped
    by its `update_id`.

    `url` is the public address that Telegram posts to; the server here uses its path.
    """

    def __init__(self, bot: Bot, updates: Inbox, *, url: str, host: str, port: int) -> None:
        self._bot = bot
        self._updates = updates
        self._url = url
        self._secret = secret_of(bot.token, url)
        self._logged: TTLCache[tuple[str, ...], bool] = TTLCache(100, durations.LOG)
        app = web.Application(client_max_size=1 << 20)  # Telegram's longest have some tens of kilobytes
        app.router.add_post(urlsplit(url).path or "/", self._receive)
        self._server = HttpServer(app, host=host, port=port, connections=CONNECTIONS, shutdown=timeouts.WEBHOOK_STOP)
        self._set = False

    def health(self) -> Health:
        """Return whether Telegram knows where to post."""
        return HEALTHY if self._set else Health.failing("Telegram has not taken the webhook's address yet")

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until the stop event, and then finish the open requests.

        Telegram keeps the address: another replica, or the next start, answers there.

        Raises:
            TokenRefusedError: Telegram no longer knows the token.
            OSError: the port is taken, or the address is not this machine's.
        """
        async with self._server:
            log.info("webhook.listening", port=self._server.port)
            await self._register(stop)

    async def _receive(self, request: web.Request) -> web.Response:
        secret = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(secret.encode(errors="surrogateescape"), self._secret.encode()):
            return self._refuse("webhook.refused", 401, reason="wrong secret: another's webhook, or no Telegram")
        if "Content-Encoding" in request.headers:  # Telegram sends none, and what it unpacks to has no bound
            return self._refuse("webhook.refused", 415, reason="compressed")
        try:
            update = json.loads(await request.read())
            update["update_id"] = int(update["update_id"])
        except web.HTTPRequestEntityTooLarge:
            return self._refuse("webhook.refused", 413, reason="too_large")
        except (web.RequestPayloadError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
            return self._refuse("webhook.refused", 400, reason="no_update")
        try:
            await self._updates.take([update])
        except RedisError as error:
            return self._refuse("webhook.redis_unavailable", 503, error=f"{type(error).__name__}: {error}")
        return web.Response()

    def _refuse(self, event: str, status: int, **fields: str) -> web.Response:
        line = (event, *fields.values())
        if line not in self._logged:
            self._logged[line] = True
            log.warning(event, **fields)
        return web.Response(status=status)

    async def _register(self, stop: asyncio.Event) -> None:
        """Set the webhook repeatedly until the stop event; setting the same address changes nothing."""
        backoff = Backoff()
        while not stop.is_set():
            try:
                if (known := await unless(stop, self._bot.get_webhook_info())) is None:
                    return
                at = known.last_error_date
                if at and time.time() - at.timestamp() < 2 * timeouts.WEBHOOK_AGAIN:
                    log.warning("webhook.not_delivered", reason=known.last_error_message)
                call = self._bot.set_webhook(self._url, allowed_updates=list(KINDS), secret_token=self._secret)
                if await unless(stop, call) is None:
                    return
            except (TelegramUnauthorizedError, TelegramNotFound):
                raise TokenRefusedError("Telegram no longer knows this token: was it revoked?") from None
            except AiogramError as error:
                wait = backoff.next()
                log.warning("webhook.not_set", status=status_of(error), error=error, next_in=round(wait, 1))
            else:
                if not self._set:
                    log.info("webhook.set", url=self._url)
                self._set, wait = True, timeouts.WEBHOOK_AGAIN
                backoff.reset()
            await pause(stop, wait)
