"""Has the objects of deleted pictures deleted: within seconds, or in an hour where a crash left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from qwenedit_jobs import PictureStoreUnavailableError
from qwenedit_jobs.pictures.cleanup import Cleanup

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from redis.asyncio import Redis

    from qwenedit_bot.common.metrics import BotMetrics
    from qwenedit_jobs import Keys
    from qwenedit_jobs.pictures.bucket import Bucket

TICK = 5.0
"""Seconds between two looks at the list of dropped objects, and at when the last sweep was."""

log = structlog.get_logger(__name__)


class PictureCleanup:
    """Looks at the list of dropped objects, and now and then for objects that nothing refers to.

    Args:
        redis: A client that does not decode replies.
        keys: The installation's key names.
        bucket: Has the objects; None: pictures lie in Redis.
        metrics: Count what is deleted, and what waits.
        installation: Whose objects these are.
    """

    def __init__(
        self, redis: Redis, keys: Keys, bucket: Bucket | None, metrics: BotMetrics, *, installation: str
    ) -> None:
        self._cleanup = Cleanup(
            redis, keys, bucket, on_deleted=lambda why, count: metrics.deleted_objects.labels(why).inc(count)
        )
        self._metrics = metrics
        self._installation = installation
        self._failing = set[str]()
        """What was warned of, until it succeeds."""

    async def delete_dropped(self) -> None:
        """Delete dropped pictures. A later call repeats a deletion that fails."""
        try:
            await self._try("delete", self._cleanup.delete_dropped)
        finally:
            self._metrics.dropped_objects.set(await self._cleanup.waiting())

    async def sweep(self) -> None:
        """Delete what nothing refers to, once an hour. It may take minutes, and dropped pictures go meanwhile."""
        await self._try("sweep", lambda: self._cleanup.sweep(self._installation))

    async def _try(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except PictureStoreUnavailableError as error:
            if what not in self._failing:
                log.warning("pictures.not_deleted", error=str(error), remedy="it is tried again until it is done")
            self._failing.add(what)
        else:
            self._failing.discard(what)
