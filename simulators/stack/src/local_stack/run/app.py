"""`make run`: the product on a laptop, or for good on a computer with a GPU."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from local_stack.keep.folder import opened
from local_stack.processes.errors import StackError
from local_stack.processes.ports import HOST
from local_stack.run.build import NAMES
from local_stack.run.console import Console
from local_stack.run.durable import DurableRun
from local_stack.run.settings import StackSettings


def main() -> None:
    """Run until Ctrl-C; exit code 1 says that a part did not start."""
    console = Console(sys.stdout, NAMES)
    os.umask(0o077)  # pictures and secrets are their owner's alone
    try:
        settings = StackSettings.from_environment(os.environ)
        with ExitStack() as stack:
            data = settings.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="qwenedit-")))
            folder = stack.enter_context(opened(data))
            asyncio.run(run(DurableRun(settings, console, folder, greeting=_greeting(settings))))
    except StackError as error:
        raise SystemExit(f"qwenedit: {error}") from None


async def run(durable: DurableRun) -> None:
    """Keep all parts running until the process is told to stop; told again, it no longer waits for the parts.

    Raises:
        StackError: a part did not start at all.
    """
    parts = durable.parts.all
    for part in parts:
        part.listener = durable.line
    stop = asyncio.Event()

    def told_to_stop() -> None:
        if stop.is_set():
            for part in parts:
                part.signal(signal.SIGKILL)
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told_to_stop)
    serving = asyncio.create_task(durable.serve())
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, serving}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            durable.say("Stopping; once more to stop at once.")
            serving.cancel()
        await asyncio.gather(serving, return_exceptions=stop.is_set())
    finally:
        stopping.cancel()


def _greeting(settings: StackSettings) -> str:
    if settings.bot_token is None:
        return f"Chat with the bot: http://{HOST}:{settings.port}"
    return "The bot answers on Telegram."
