"""Downloads users' files from Telegram: a bounded number at a time, and slow ones give way to others."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from qwenedit_bot.chat.errors import FileUnavailableError, LaterError, TelegramUnavailableError
from qwenedit_bot.common.ttl_cache import TTLCache
from qwenedit_bot.pictures.budget import Budget
from qwenedit_decoder.decoding import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLACES = 16
"""Files that are fetched side by side."""
PATIENCE = 30.0
"""Seconds that a download may take in any case."""
SLOWEST = 500_000
"""Bytes a second that it is to have beyond: 20 MB take 72 s at most."""
LOOK_EVERY = 1.0
"""Seconds between looks of a slow download whether somebody waits for a place that it holds."""
UNDISTURBED = 3.0
"""Seconds, beside those for its bytes, after which a download gives way to somebody who waits for a place."""
SLOW_AT_MOST = 3
"""Downloads of one file that may be too slow; then its user is told."""
SLOW_KEPT = 3_600.0
"""Seconds for which that is counted."""
MOST_SLOW = 1_000

log = structlog.get_logger(__name__)


class Files(Protocol):
    """Telegram's files; see `Messenger.download`."""

    async def download(self, file_id: str, *, limit: int) -> bytes:
        """Fetch a user's file."""


@dataclass(slots=True, eq=False)
class _Running:
    timeout: asyncio.Timeout
    slow_from: float
    """When it is slower than downloads are to be, by the event loop's clock."""
    converted: bool
    """Whether a place for its conversion is held meanwhile."""
    gives_way: bool = False


class Downloads:
    """Fetches files.

    Args:
        files: Has them.
        places: Files that are fetched side by side.
        conversions_awaited: Says whether somebody waits for a place to have a file converted.
    """

    def __init__(
        self, files: Files, *, places: int = PLACES, conversions_awaited: Callable[[], bool] = lambda: False
    ) -> None:
        self._files = files
        self._conversions_awaited = conversions_awaited
        self._places = Budget("download", places, most_of_one=1)
        self._running: list[_Running] = []
        self._slow: TTLCache[str, int] = TTLCache(most=MOST_SLOW, keep=SLOW_KEPT)

    @contextmanager
    def place(self, owner: int) -> Iterator[None]:
        """Hold a place, before anything else is taken for the files.

        Raises:
            LaterError: all are taken. A download that is slow gives way.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self._places.taken(owner))
            except LaterError:
                self.give_way_to_those_who_wait()
                raise
            yield

    async def fetch(self, file_id: str, *, expected: int, converted: bool = False) -> bytes:
        """Fetch a file; to be called with a place.

        Args:
            file_id: Telegram's name of it.
            expected: Bytes that it may have.
            converted: A place for its conversion is held meanwhile.

        Raises:
            TelegramUnavailableError: it was too slow, or Telegram does not answer.
            FileUnavailableError: Telegram does not hand it out, or too slowly again and again.
            FileTooBigError: it is larger than a bot may download.
        """
        loop = asyncio.get_running_loop()
        slow_from = loop.time() + UNDISTURBED + expected / SLOWEST
        running = _Running(asyncio.timeout(PATIENCE + expected / SLOWEST), slow_from, converted)
        self._running.append(running)
        looking = asyncio.create_task(self._look_who_waits(slow_from), name="slow download")
        try:
            async with running.timeout:
                return await self._files.download(file_id, limit=MAX_BYTES)
        except TimeoutError:
            raise self._too_slow(file_id) from None
        finally:
            looking.cancel()
            self._running.remove(running)

    async def _look_who_waits(self, slow_from: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(slow_from - loop.time())
        while True:
            self.give_way_to_those_who_wait()
            await asyncio.sleep(LOOK_EVERY)

    def give_way_to_those_who_wait(self) -> None:
        """End the download that has been slow for longest, where somebody waits for a place that it holds.

        It may come again, behind those that wait.
        """
        if self._places.awaited:
            self._end_the_slowest(converted=False)
        elif self._conversions_awaited():
            self._end_the_slowest(converted=True)

    def _end_the_slowest(self, *, converted: bool) -> None:
        """End one download, of those with a place for a conversion where that is what somebody waits for."""
        now = asyncio.get_running_loop().time()
        able = [each for each in self._running if each.converted or not converted]
        slow = [each for each in able if each.slow_from <= now]
        if slow and not any(each.gives_way for each in able):  # its place will be free in a moment
            slowest = min(slow, key=lambda each: each.slow_from)
            slowest.gives_way = True
            slowest.timeout.reschedule(now)

    def _too_slow(self, file_id: str) -> Exception:
        times = (self._slow.get(file_id) or 0) + 1
        self._slow.note(file_id, times)
        log.warning("download.too_slow", times=times)
        return TelegramUnavailableError("file server: too slow") if times < SLOW_AT_MOST else FileUnavailableError()
