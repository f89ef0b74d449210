"""Downloads users' files from Telegram: a bounded number at a time, and slow ones give way to others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog
from cachetools import TTLCache

from qwenedit_bot.chat.errors import FileUnavailableError, TelegramUnavailableError
from qwenedit_bot.pictures.budget import Budget
from qwenedit_decoder.decoding import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

PLACES = 16
"""Files that are fetched side by side."""
PATIENCE = 30.0
"""Seconds that a download may take in any case."""
SLOWEST = 500_000
"""Bytes a second that it is to have beyond: 20 MB take 72 s at most."""
LOOK_EVERY = 0.25
"""Seconds between looks of a download whether somebody waits for what it holds."""
CRAWLING = 100_000
"""Bytes a second: a download with fewer gives way before its time is over. That alone is no reason to give it up."""
CRAWLS_FROM = 1.0
"""Seconds from which on that is looked at."""
UNDISTURBED = 3.0
"""Seconds, beside those for its bytes, after which a download gives way to somebody who waits for what it holds."""
SLOW_AT_MOST = 3
"""Downloads of one file that may be too slow; then its user is told."""
SLOW_KEPT = 3_600.0
"""Seconds for which that is counted."""
MOST_SLOW = 1_000

log = structlog.get_logger(__name__)


class Files(Protocol):
    """Telegram's files; see `Messenger.download`."""

    async def download(self, file_id: str, *, limit: int, on_bytes: Callable[[int], None]) -> bytes:
        """Fetch a user's file."""


@dataclass(slots=True, eq=False)
class _Running:
    timeout: asyncio.Timeout
    began: float
    """By the event loop's clock, as is the next."""
    due: float
    """When a download at the slowest rate would be done."""
    converted: bool
    """Whether a place for its conversion is held meanwhile."""
    received: int = 0
    """Bytes."""
    gives_way: bool = False

    def note(self, count: int) -> None:
        """Note that so many bytes more have come."""
        self.received += count

    def rate(self, now: float) -> float:
        """Bytes a second so far."""
        return self.received / max(now - self.began, 1e-3)

    def is_slow(self, now: float) -> bool:
        """Whether others need not wait for it."""
        return now >= self.due or (now >= self.began + CRAWLS_FROM and self.rate(now) < CRAWLING)


class Downloads:
    """Fetches files.

    Args:
        files: Has them.
        places: Files that are fetched side by side.
        files_awaited: Says whether somebody waits for what files that are converted hold: a place for that, or memory.
    """

    def __init__(
        self, files: Files, *, places: int = PLACES, files_awaited: Callable[[], bool] = lambda: False
    ) -> None:
        self._files = files
        self._files_awaited = files_awaited
        self._places = Budget("download", places, most_of_one=1)
        self._running: list[_Running] = []
        self._slow: TTLCache[str, int] = TTLCache(MOST_SLOW, SLOW_KEPT)

    def place(self, owner: int) -> AbstractContextManager[object]:
        """Hold a place, before anything else is taken for the files.

        Raises:
            LaterError: all are taken.
        """
        return self._places.taken(owner)

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
        began = asyncio.get_running_loop().time()
        allowed = expected / SLOWEST
        running = _Running(asyncio.timeout(PATIENCE + allowed), began, began + UNDISTURBED + allowed, converted)
        self._running.append(running)
        looking = asyncio.create_task(self._look_who_waits(), name="slow download")
        try:
            async with running.timeout:
                return await self._files.download(file_id, limit=MAX_BYTES, on_bytes=running.note)
        except TimeoutError:
            if running.gives_way and asyncio.get_running_loop().time() < running.due:
                raise TelegramUnavailableError("file server: too slow while others wait") from None
            raise self._too_slow(file_id) from None
        finally:
            looking.cancel()
            self._running.remove(running)

    async def _look_who_waits(self) -> None:
        await asyncio.sleep(min(CRAWLS_FROM, UNDISTURBED))
        while True:
            self.give_way_to_those_who_wait()
            await asyncio.sleep(LOOK_EVERY)

    def give_way_to_those_who_wait(self) -> None:
        """End the slowest download, where it is slow and somebody waits for what it holds.

        It may come again, behind those that wait.
        """
        if self._places.awaited:
            self._end_the_slowest(converted=False)
        elif self._files_awaited():
            self._end_the_slowest(converted=True)

    def _end_the_slowest(self, *, converted: bool) -> None:
        """End one download, of those of files that are converted where somebody waits for what these hold."""
        now = asyncio.get_running_loop().time()
        able = [each for each in self._running if each.converted or not converted]
        slow = [each for each in able if each.is_slow(now) and not each.timeout.expired()]
        if slow and not any(each.gives_way for each in able):  # its place will be free in a moment
            slowest = min(slow, key=lambda each: each.rate(now))
            slowest.gives_way = True
            slowest.timeout.reschedule(now)

    def _too_slow(self, file_id: str) -> Exception:
        times = self._slow[file_id] = self._slow.get(file_id, 0) + 1
        log.warning("download.too_slow", times=times)
        return TelegramUnavailableError("file server: too slow") if times < SLOW_AT_MOST else FileUnavailableError()
