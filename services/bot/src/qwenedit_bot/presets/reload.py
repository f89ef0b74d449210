"""Keeps the presets equal to the operator's file, and the last readable ones while it cannot be read."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.presets import catalogue as presets
from qwenedit_bot.presets.catalogue import Catalogue, PresetsError
from qwenedit_bot.presets.search import PresetSearch

if TYPE_CHECKING:
    from pathlib import Path

    from redis.asyncio import Redis

    from qwenedit_bot.common.metrics import BotMetrics

LOOK_EVERY = 3.0
"""Seconds between two looks at the file; the kubelet brings a changed ConfigMap within a minute or two."""

_Mark: TypeAlias = tuple[int, ...]

log = structlog.get_logger(__name__)


class PresetReloader:
    """Offers the presets of a file, and follows its changes.

    A file that cannot be used changes nothing: the last good one stays. It is kept in Redis too. So a bot that is moved
    to another node meanwhile starts with the presets of the others, in spite of a typing error.

    Args:
        path: The operator's file; None for the presets that come with the bot.
        redis: Where the last good file is kept.
        key: Its key.
        metrics: Shows how many presets there are, and whether the file is good.
    """

    def __init__(self, path: Path | None, *, redis: Redis, key: str, metrics: BotMetrics) -> None:
        self._path = path
        self._redis = redis
        self._key = key
        self._metrics = metrics
        self._seen: _Mark | None = None
        self._catalogue = presets.read(presets.shipped())
        self._search = PresetSearch(self._catalogue)

    @property
    def catalogue(self) -> Catalogue:
        """What is on offer now."""
        return self._catalogue

    @property
    def search(self) -> PresetSearch:
        """What searches it."""
        return self._search

    async def open(self) -> None:
        """Read the file for the first time.

        Raises:
            PresetsError: it cannot be used, and there was no good one before.
        """
        if self._path is None:
            self._offer(self._catalogue)
            return
        try:
            await self._read(self._path)
        except PresetsError as error:
            last_good = await self._last_good()
            if last_good is None:
                raise
            self._refuse(error)
            self._set(last_good)

    async def look(self) -> None:
        """Read the file again if it has changed, and keep what is there if it cannot be used."""
        if self._path is None or await asyncio.to_thread(_mark, self._path) == self._seen:
            return
        try:
            await self._read(self._path)
        except PresetsError as error:
            self._refuse(error)

    async def _read(self, path: Path) -> None:
        self._seen = await asyncio.to_thread(_mark, path)
        text = await asyncio.to_thread(_text, path)
        self._offer(await asyncio.to_thread(presets.read, text))
        log.info("presets.read", file=str(path), presets=self._catalogue.size)
        try:
            await self._redis.set(self._key, text)
        except RedisError as error:
            log.info("presets.not_stored", error=type(error).__name__)

    async def _last_good(self) -> Catalogue | None:
        text = await self._redis.get(self._key)
        try:
            return presets.read(str(text)) if text is not None else None
        except PresetsError:  # of a version with other rules
            return None

    def _offer(self, catalogue: Catalogue) -> None:
        self._set(catalogue)
        self._metrics.presets_ok.set(1)

    def _set(self, catalogue: Catalogue) -> None:
        if catalogue is not self._catalogue:
            self._catalogue, self._search = catalogue, PresetSearch(catalogue)
        self._metrics.presets.set(catalogue.size)

    def _refuse(self, error: PresetsError) -> None:
        self._metrics.presets_ok.set(0)
        log.error("presets.refused", file=str(self._path), reason=str(error), note="the last good ones stay")


def _mark(path: Path) -> _Mark:
    """Return what changes with a file, also where a symbolic link to it is exchanged, as in a ConfigMap's folder."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(presets.LARGEST + 1)
        if len(data) > presets.LARGEST:
            raise PresetsError(f"it has more than {presets.LARGEST} bytes")
        return data.decode()
    except OSError as error:
        raise PresetsError(error.strerror or type(error).__name__) from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PresetsError(f"line {line}: it is not UTF-8") from None
