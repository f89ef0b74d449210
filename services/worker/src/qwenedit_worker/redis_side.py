"""The queue and the pictures in Redis, with Redis' errors in the worker's own words."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from redis.exceptions import RedisError, ResponseError

from qwenedit_jobs import EvictionPolicyError, StorageFullError
from qwenedit_jobs.redis.policy import check_eviction_policy
from qwenedit_worker.common.backoff import Backoff
from qwenedit_worker.common.errors import QueueStorageFullError, QueueUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from redis.asyncio import Redis

    from qwenedit_jobs import Claim, JobQueue, Lease, Phase, PictureStore, Reason, Result, Settled
    from qwenedit_jobs.workers.presence import Presence, Workers

NUDGE_POLL = 5.0
"""Seconds between checks that an idle subscription's connection still lives."""
REFUSAL_LOGGED_EVERY = 60.0
"""Seconds between two log lines about the same refusal."""

log = structlog.get_logger(__name__)


class Link:
    """Knows whether Redis answers, and logs each change of that once.

    Args:
        on_change: Told of each change.
    """

    def __init__(self, on_change: Callable[[bool], None] = lambda _up: None) -> None:
        self._up: bool | None = None
        self._on_change = on_change
        self._refusals: dict[str, float] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Turn Redis' errors into `QueueUnavailableError`."""
        try:
            yield
        except StorageFullError as error:
            self._refused(str(error))
            raise QueueStorageFullError(str(error)) from error
        except ResponseError as error:
            self._refused(str(error))
            raise QueueUnavailableError(str(error)) from error
        except (RedisError, OSError) as error:
            self._become(up=False, error=str(error) or type(error).__name__)
            raise QueueUnavailableError(str(error)) from error
        self._become(up=True)

    def _become(self, *, up: bool, **details: str) -> None:
        if self._up is up:
            return
        if up:
            log.info("redis.reachable")
        else:
            log.warning("redis.unreachable", **details)
        self._up = up
        self._on_change(up)

    def _refused(self, why: str) -> None:
        """Log now and then what a Redis that is there does not do, such as writing while its memory is full."""
        code = why.partition(" ")[0]
        now = time.monotonic()
        if now - self._refusals.get(code, -REFUSAL_LOGGED_EVERY) >= REFUSAL_LOGGED_EVERY:
            self._refusals[code] = now
            log.error("redis.refuses", error=why)


class LinkedQueue:
    """The worker's half of a `JobQueue`."""

    def __init__(self, queue: JobQueue, link: Link) -> None:
        self._queue = queue
        self._link = link

    async def claim(
        self, *, worker: str, token: str, lease: float, pictures_up_to: int = 0, wait: float = 0.0
    ) -> Claim | None:
        """See `JobQueue.claim`."""
        with self._link.watched():
            return await self._queue.claim(
                worker=worker, token=token, lease=lease, pictures_up_to=pictures_up_to, wait=wait
            )

    async def abandon(self, token: str) -> Settled:
        """See `JobQueue.abandon`."""
        with self._link.watched():
            return await self._queue.abandon(token)

    async def renew(self, job_id: str, token: str, *, lease: float) -> Lease:
        """See `JobQueue.renew`."""
        with self._link.watched():
            return await self._queue.renew(job_id, token, lease=lease)

    async def progress(self, job_id: str, token: str, phase: Phase, *, step: int = 0, steps: int = 0) -> Lease:
        """See `JobQueue.progress`."""
        with self._link.watched():
            return await self._queue.progress(job_id, token, phase, step=step, steps=steps)

    async def complete(self, job_id: str, token: str, result: Result, *, picture: bytes | None = None) -> Settled:
        """See `JobQueue.complete`."""
        with self._link.watched():
            return await self._queue.complete(job_id, token, result, picture=picture)

    async def fail(self, job_id: str, token: str, reason: Reason, detail: str = "") -> Settled:
        """See `JobQueue.fail`."""
        with self._link.watched():
            return await self._queue.fail(job_id, token, reason, detail)

    async def retry(self, job_id: str, token: str, reason: Reason, detail: str = "") -> Settled:
        """See `JobQueue.retry`."""
        with self._link.watched():
            return await self._queue.retry(job_id, token, reason, detail)

    async def release(self, job_id: str, token: str) -> Settled:
        """See `JobQueue.release`."""
        with self._link.watched():
            return await self._queue.release(job_id, token)

    async def defer(self, job_id: str, token: str) -> Settled:
        """See `JobQueue.defer`."""
        with self._link.watched():
            return await self._queue.defer(job_id, token)

    async def drain(self, job_id: str, token: str) -> Lease:
        """See `JobQueue.drain`."""
        with self._link.watched():
            return await self._queue.drain(job_id, token)


class LinkedPictures:
    """The worker's half of a `PictureStore`."""

    def __init__(self, store: PictureStore, link: Link) -> None:
        self._store = store
        self._link = link

    async def get(self, ref: str) -> bytes:
        """See `PictureStore.get`."""
        with self._link.watched():
            return await self._store.get(ref)


class LinkedRegister:
    """The workers' register."""

    def __init__(self, workers: Workers, link: Link) -> None:
        self._workers = workers
        self._link = link

    async def beat(self, presence: Presence) -> None:
        """See `Workers.beat`."""
        with self._link.watched():
            await self._workers.beat(presence)

    async def leave(self, worker: str) -> None:
        """See `Workers.leave`."""
        with self._link.watched():
            await self._workers.leave(worker)


async def evicts(redis: Redis, *, link: Link, then: Callable[[], None]) -> bool:
    """Whether Redis cannot be used because it deletes what it likes when it is full; asked until it answers.

    Args:
        redis: A client.
        link: Knows whether it is reachable.
        then: Called if so.
    """
    backoff = Backoff()
    while True:
        try:
            with link.watched():
                await check_eviction_policy(redis)
        except EvictionPolicyError as error:
            log.critical("redis.evicts", error=str(error))
            then()
            return True
        except QueueUnavailableError:
            await asyncio.sleep(backoff.pause())
        else:
            return False


async def listen(redis: Redis, channel: str, on_message: Callable[[str], None], *, link: Link) -> None:
    """Hand on what is published, for ever. Messages sent while the connection is down are missed.

    The subscription is open at all times, so it also tells that Redis is away when nothing else asks.
    """
    backoff = Backoff()
    while True:
        try:
            async with redis.pubsub(ignore_subscribe_messages=True) as subscription:
                with link.watched():
                    await subscription.subscribe(channel)
                while True:
                    with link.watched():
                        message = await subscription.get_message(timeout=NUDGE_POLL)
                    backoff.reset()
                    if message is not None:
                        on_message(message["data"])
        except (QueueUnavailableError, RedisError, OSError) as error:
            log.debug("nudges.interrupted", error=str(error))
        await asyncio.sleep(backoff.pause())
