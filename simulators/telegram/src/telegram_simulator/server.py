"""The simulator as a whole: composition, start, stop."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from telegram_simulator.bot_api.http import BotApi
from telegram_simulator.bot_api.request_body import LARGEST
from telegram_simulator.chat_page.guard import add_headers, refuse_other_pages
from telegram_simulator.chat_page.page import Page
from telegram_simulator.common.errors import ApiError, ControlError
from telegram_simulator.common.tasks import owned_tasks
from telegram_simulator.control.api import Control
from telegram_simulator.files.storage import temporary_storage
from telegram_simulator.world.bots import Bots
from telegram_simulator.world.rate_limits import RateLimiter, Rates
from telegram_simulator.world.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

GOODBYE = 0.2
"""Seconds that requests under way have at the end; those that wait for something to happen never end by themselves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """How to run.

    Attributes:
        port: 0 takes a free one.
        keep: Bytes of files that are kept, on disk; older ones are forgotten.
    """

    host: str = "127.0.0.1"
    port: int = 8090
    rates: Rates = field(default_factory=Rates)
    keep: int = 1 << 30


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[str]:
    """Serve while the context is open; gives the address."""
    with temporary_storage(limit=config.keep) as storage:
        async with _serving(World(Bots(storage), RateLimiter(config.rates)), config) as url:
            yield url


@asynccontextmanager
async def _serving(world: World, config: Config) -> AsyncIterator[str]:
    api = BotApi(world)
    async with owned_tasks() as tasks, api.webhooks.running():
        app = web.Application(client_max_size=2 * LARGEST, middlewares=[refuse_other_pages, _explain])
        app.on_response_prepare.append(add_headers)
        for part in (
            api.routes(tasks),
            Control(world).routes(),
            Page(world).routes(),
        ):
            app.add_routes(part)
        # A caller that hangs up ends what waits on its behalf, as a long poll does.
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=GOODBYE, access_log=None)
        await runner.setup()
        try:
            site = web.TCPSite(runner, config.host, config.port)
            await site.start()
            host, port = runner.addresses[0][:2]
            yield f"http://{f'[{host}]' if ':' in host else host}:{port}"
        finally:
            await runner.cleanup()


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Tell the page and tests what was wrong."""
    try:
        return await handler(request)
    except ControlError as error:
        return web.json_response({"error": str(error)}, status=400)
    except ApiError as error:
        return web.json_response({"error": error.description or str(error)}, status=error.code)
