"""`make run`: the product on a laptop, or for good on a computer with a GPU."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from local_stack.keep.folder import opened
from local_stack.processes.errors import StackError
from local_stack.processes.ports import HOST
from local_stack.processes.stack import first_death, running
from local_stack.redis_server import RedisServer
from local_stack.run.build import NAMES, Parts
from local_stack.run.console import Console
from local_stack.run.durable import DurableRun
from local_stack.run.settings import StackSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from local_stack.processes.part import Part

LAST_WORDS = 3.0
"""Seconds that the bot may take, once ready, to say all it says at a start: the address shall be the last line."""


def main() -> None:
    """Run until Ctrl-C; exit code 1 says that a part did not start or, in a run that keeps nothing, died."""
    console = Console(sys.stdout, NAMES)
    try:
        settings = StackSettings.from_environment(os.environ)
        if settings.data is None:
            with tempfile.TemporaryDirectory(prefix="qwenedit-") as data:
                asyncio.run(run_once(settings, console, Path(data)))
        else:
            os.umask(0o077)  # pictures and secrets are their owner's alone
            with opened(settings.data) as folder:
                asyncio.run(run_durably(DurableRun(settings, console, folder, greeting=_greeting(settings))))
    except StackError as error:
        raise SystemExit(f"qwenedit: {error}") from None


async def run_once(settings: StackSettings, console: Console, data: Path) -> None:
    """Run all parts until the process is told to stop, or one of them ends.

    Args:
        settings: Choices of the person who runs it.
        console: Where the parts' lines go.
        data: A folder for what they keep; it may go afterwards.

    Raises:
        StackError: a part did not start, or ended by itself.
    """
    redis = RedisServer(data / "redis")
    built = Parts(settings, data, redis)
    parts = built.all
    for part in parts:
        part.listener = console.line
    redis.listener = None  # at its start it warns of settings of the kernel that don't matter here

    async def serve() -> None:
        async with running(parts):
            redis.listener = console.line
            with suppress(TimeoutError):  # its log may be set to say less
                async with asyncio.timeout(LAST_WORDS):
                    await built.bot.wait_for_line("leader.gained")
            console.say(_greeting(settings))
            await first_death(parts)

    await _until_told(serve(), parts, say=console.say)


async def run_durably(durable: DurableRun) -> None:
    """Keep all parts running until the process is told to stop.

    Raises:
        StackError: a part did not start at all.
    """
    parts = durable.parts.all
    for part in parts:
        part.listener = durable.line
    await _until_told(durable.serve(), parts, say=durable.say)


async def _until_told(serve: Coroutine[None, None, None], parts: list[Part], *, say: Callable[[str], None]) -> None:
    """Serve until the process is told to stop; told again, it no longer waits for the parts."""
    stop = asyncio.Event()

    def told_to_stop() -> None:
        if stop.is_set():
            for part in parts:
                part.signal(signal.SIGKILL)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told_to_stop)
    serving = asyncio.create_task(serve)
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            say("Stopping; once more to stop at once.")
            serving.cancel()
        await asyncio.gather(serving, return_exceptions=stop.is_set())
    finally:
        stopping.cancel()


def _greeting(settings: StackSettings) -> str:
    if settings.bot_token is None:
        return f"Chat with the bot: http://{HOST}:{settings.port}"
    return "The bot answers on Telegram."
