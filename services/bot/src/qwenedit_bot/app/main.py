"""The bot as a process: its settings, signals, event loop and exit code."""

from __future__ import annotations

import asyncio
import gc
import signal

import structlog
import uvloop

from qwenedit_bot.app.bot import run
from qwenedit_bot.app.settings import BotSettings
from qwenedit_bot.chat.errors import TokenRefusedError
from qwenedit_bot.presets.catalogue import PresetsError
from qwenedit_jobs import EvictionPolicyError, PictureStoreRefusedError, StateTooNewError, load
from qwenedit_telemetry import setup

REFUSALS = (TokenRefusedError, EvictionPolicyError, StateTooNewError, PictureStoreRefusedError, PresetsError)
"""Errors that another start would meet again: exit code 2."""

log = structlog.get_logger(__name__)


def main() -> None:
    """Run the bot until SIGTERM. Exit code 2: the settings, the presets or Telegram refuse the start."""
    settings = load(BotSettings)
    raise SystemExit(uvloop.run(serve(settings)))


async def serve(settings: BotSettings) -> int:
    """Run the bot until a signal comes; returns the process' exit code."""
    telemetry = setup(service="bot", level=settings.bot_log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    gc.collect()
    gc.freeze()  # else each full collection scans aiogram's types and holds the event loop for 0.2 s
    code = 0
    try:
        await run(settings, telemetry, stop)
    except* REFUSALS as refused:
        code = 2
        why = refused.exceptions[0]
        log.critical("bot.refused", error=type(why).__name__, reason=str(why))
    finally:
        telemetry.close()
    log.info("bot.stopped", code=code)
    return code
