"""The bot on a thread of the tests' process: its start costs no fork, and no other import than the tests' own."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import threading
import warnings
from typing import TYPE_CHECKING
from unittest.mock import patch

import uvloop

from local_stack import Service
from qwenedit_bot.app.main import REFUSALS, run
from qwenedit_bot.app.settings import BotSettings
from qwenedit_jobs import load
from qwenedit_telemetry import setup
from tests.conftest import logging_as_it_is

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwenedit_telemetry import Telemetry


class BotHere(Service):
    """The bot, with the settings and the event loop that a process has, and with its lines.

    SIGKILL cancels it, so that whatever stands in a `finally` is done: a test of what a kill leaves needs a `Service`.
    """

    async def _begin(self) -> Running:
        as_found = logging_as_it_is()
        with patch.dict(os.environ, self.env, clear=True):
            settings = load(BotSettings)
            telemetry = setup(service="bot", level=settings.bot_log_level)
        running = Running(settings, telemetry, at_end=as_found)
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(running)
        return running


class Running:
    """The thread, with what a `Part` needs of a process."""

    def __init__(self, settings: BotSettings, telemetry: Telemetry, *, at_end: Callable[[], None]) -> None:
        self.pid = os.getpid()
        self.stdout = asyncio.StreamReader()
        self._settings, self._telemetry, self._at_end = settings, telemetry, at_end
        self._tests = asyncio.get_running_loop()
        self._code: asyncio.Future[int] = self._tests.create_future()
        begun = threading.Event()
        threading.Thread(target=self._run, args=(begun,)).start()
        begun.wait()

    @property
    def returncode(self) -> int | None:
        """Its exit code, and None while it runs."""
        return self._code.result() if self._code.done() else None

    async def wait(self) -> int:
        """Wait for its end; returns its exit code."""
        return await asyncio.shield(self._code)

    def send_signal(self, number: int) -> None:
        """Ask it to stop; SIGKILL cancels it as well."""
        if self._code.done():
            return
        self._bots.call_soon_threadsafe(self._stop.set)  # a call that swallows its cancellation ends all the same
        if number == signal.SIGKILL:
            self._bots.call_soon_threadsafe(self._task.cancel)

    def write(self, text: str) -> None:
        """Take what it logs."""
        self._tests.call_soon_threadsafe(self.stdout.feed_data, text.encode())

    def flush(self) -> None:
        """Do nothing: nothing waits."""

    def _run(self, begun: threading.Event) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code = runner.run(self._serve(begun))
        self._tests.call_soon_threadsafe(self._end, code)

    async def _serve(self, begun: threading.Event) -> int:
        self._bots, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._task = asyncio.create_task(run(self._settings, self._telemetry, self._stop))
        begun.set()
        code = 0
        try:
            await self._task
        except* REFUSALS:
            code = 2
        except* asyncio.CancelledError:
            code = -signal.SIGKILL
        finally:
            self._telemetry.close()
        return code

    def _end(self, code: int) -> None:
        self._at_end()
        del self._task, self._stop, self._bots  # they hold what the bot had open
        with warnings.catch_warnings():  # of sockets that uvloop has not let go: a process' end closes them
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()
        self.stdout.feed_eof()
        self._code.set_result(code)
