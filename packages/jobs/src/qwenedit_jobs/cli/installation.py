"""The installation that a command works on, through its Redis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from redis.exceptions import NoPermissionError

from qwenedit_jobs.cli.output import CommandError
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.pictures.opening import open_objects
from qwenedit_jobs.pictures.redis_store import RedisPictureStore
from qwenedit_jobs.queue.operator_queue import OperatorQueue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from typing import TypeVar

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.pictures.store import PictureStore
    from qwenedit_jobs.settings import RedisSettings

    T = TypeVar("T")


@dataclass(frozen=True)
class Installation:
    """An installation, as configured.

    Args:
        redis: A client that decodes replies.
        raw: One that doesn't, for pictures.
        settings: Where its parts are.
    """

    redis: Redis
    raw: Redis
    settings: RedisSettings

    @property
    def keys(self) -> Keys:
        """Its Redis keys."""
        return self.settings.keys

    @cached_property
    def queue(self) -> OperatorQueue:
        """Its queue."""
        return OperatorQueue(self.redis, self.keys)

    @cached_property
    def pictures(self) -> PictureStore:
        """Where its pictures are."""
        settings = self.settings
        return open_objects(settings.pictures_url) or RedisPictureStore(self.raw, self.keys, ttl=settings.picture_ttl)

    @property
    def updates(self) -> Lanes:
        """Updates that the bot has not handled yet. A worker's Redis user may not read these, or the next two."""
        return Lanes(self.redis, self.keys.inbox)

    @property
    def answers(self) -> Lanes:
        """Answers that users don't have yet."""
        return Lanes(self.redis, self.keys.answers)

    @property
    def requests(self) -> Lanes:
        """Requests that wait to become jobs."""
        return Lanes(self.redis, self.keys.backlog)


async def permitted(call: Awaitable[T]) -> T | None:
    """Await a read; None if this Redis user, such as a worker's, lacks permission."""
    try:
        return await call
    except NoPermissionError:
        return None


def only_one(ids: Iterable[str], start: str, *, hint: str) -> str:
    """Return the one id that begins with some characters.

    Raises:
        CommandError: there is none, or more than one.
    """
    matches = {each for each in ids if each.startswith(start)}
    if start in matches:
        return start
    if len(matches) != 1:
        raise CommandError(f"{len(matches)} ids begin with {start}. {hint}")
    return matches.pop()
