"""Receives updates over HTTP. Any number of replicas may: each update is kept once."""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from aiogram.exceptions import AiogramError, TelegramNotFound, TelegramUnauthorizedError
from aiohttp import web
from redis.exceptions import RedisError

from qwenedit_bot.calls import impatient, status_of
from qwenedit_bot.errors import TokenRefusedError
from qwenedit_bot.loops import Backoff, pause
from qwenedit_bot.updates import KINDS
from qwenedit_telemetry import HEALTHY, Health

if TYPE_CHECKING:
    import asyncio

    from aiogram import Bot
    from pydantic import SecretStr

    from qwenedit_bot.updates import UpdateStream

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name (core.telegram.org/bots/api#setwebhook)
LARGEST_UPDATE = 1 << 20
"""Bytes; Telegram's longest updates have some tens of kilobytes."""
SHUTDOWN = 5.0
"""Seconds for requests in hand: each only writes to Redis."""

log = structlog.get_logger(__name__)


class Webhook:
    """Takes updates from Telegram into the stream, and answers 200 only then.

    What is answered otherwise Telegram delivers again, so nothing is lost while Redis is away, and a copy is dropped
    by its `update_id`.

    Args:
        bot: The connection to Telegram.
        updates: Where updates are kept until they are handled.
        url: The public address that Telegram posts to; what listens here takes its path.
        secret: What Telegram sends along, so that nobody else can.
        host: Address to listen on.
        port: Port to listen on.
    """

    def __init__(self, bot: Bot, updates: UpdateStream, *, url: str, secret: SecretStr, host: str, port: int) -> None:
        self._bot = bot
        self._updates = updates
        self._url = url
        self._secret = secret
        self._host = host
        self._port = port
        self._set = False

    def health(self) -> Health:
        """Whether Telegram knows where to post."""
        return HEALTHY if self._set else Health.failing("Telegram has not taken the webhook's address yet")

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until the wish to stop comes, and finish the requests in hand then.

        Telegram keeps the address: another replica, or the next start, answers there.

        Raises:
            TokenRefusedError: Telegram no longer knows the token.
            OSError: the port is taken, or the address is not this machine's.
        """
        app = web.Application(client_max_size=LARGEST_UPDATE)
        app.router.add_post(urlsplit(self._url).path or "/", self._receive)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
            log.info("webhook.listening", host=self._host, port=self._port)
            await self._register(stop)
            await stop.wait()
        finally:
            await runner.cleanup()

    async def _receive(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), self._secret.get_secret_value().encode()):
            log.warning("webhook.stranger", secret="wrong" if given else "missing")
            return web.Response(status=401)
        try:
            update = json.loads(await request.read())
            update["update_id"] = int(update["update_id"])
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
            log.warning("webhook.no_update")
            return web.Response(status=400)
        try:
            await self._updates.take([update])
        except RedisError as error:
            log.warning("webhook.redis_unavailable", error=type(error).__name__)
            return web.Response(status=503)
        return web.Response()

    async def _register(self, stop: asyncio.Event) -> None:
        """Tell Telegram where to post, until it has heard it; saying the same again changes nothing."""
        backoff = Backoff()
        while not stop.is_set():
            try:
                with impatient():
                    await self._bot.set_webhook(
                        self._url, allowed_updates=list(KINDS), secret_token=self._secret.get_secret_value()
                    )
            except (TelegramUnauthorizedError, TelegramNotFound):
                raise TokenRefusedError("Telegram no longer knows this token: was it revoked?") from None
            except AiogramError as error:
                wait = backoff.next()
                log.warning("webhook.not_set", status=status_of(error), next_in=round(wait, 1))
                await pause(stop, wait)
            else:
                self._set = True
                log.info("webhook.set", url=self._url)
                return
