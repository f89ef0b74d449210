"""Learns from earlier jobs how long an edit takes, and how long a worker takes to start."""

from __future__ import annotations

import math
from statistics import median
from typing import TYPE_CHECKING, cast

import structlog
from redis.exceptions import RedisError

from qwenedit_bot.edits.progress.estimate import Outlook

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_jobs.workers.registry import Workers

log = structlog.get_logger(__name__)

KEPT = 20
"""Recent times from which the usual one is taken."""
REMEMBERED = 30 * 86_400
"""Seconds without a new one after which they are forgotten."""
SIGN_OF_LIFE = 35.0
"""Seconds since a worker's last one, beyond which it is not counted on: three of them went missing."""


class Durations:
    """Times of recent jobs, shared by all replicas.

    Args:
        redis: A client that decodes replies.
        keys: The bot's keys.
        workers: Those that are up.
        paused_key: There while an operator has the queue paused.
        most_workers: That the budget pays for; None: there is no budget.
        target: Seconds from a job's acceptance to its picture that users shall wait at most.
    """

    def __init__(
        self,
        redis: Redis,
        keys: BotKeys,
        workers: Workers,
        *,
        paused_key: str,
        most_workers: int | None = None,
        target: float = math.inf,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._workers = workers
        self._paused_key = paused_key
        self._most_workers = most_workers
        self._target = target

    async def note_duration(self, workflow: str | None, seconds: float) -> None:
        """Remember how long a job of a workflow kept its worker."""
        await self._note(self._keys.durations(workflow or ""), seconds)

    async def note_cold_start(self, seconds: float) -> None:
        """Remember how long a job waited for the first worker to come up."""
        await self._note(self._keys.cold_starts, seconds)

    async def outlook(self, workflows: Iterable[str]) -> Outlook:
        """Return what is known now, of these workflows; the workers' own has the empty name."""
        names = sorted(set(workflows))
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.time()
        pipeline.exists(self._paused_key)
        pipeline.lrange(self._keys.cold_starts, 0, -1)
        for name in names:
            pipeline.lrange(self._keys.durations(name), 0, -1)
        (seconds, microseconds), paused, cold_starts, *durations = await pipeline.execute()
        now = seconds + microseconds / 1e6
        seen = await self._workers.seen()
        alive = [each for each in seen if now - each.at < SIGN_OF_LIFE and not each.presence.draining]
        ready = sum(each.presence.ready for each in alive)
        usual = {name: _usual(times) for name, times in zip(names, durations, strict=True)}
        return Outlook(
            now=now,
            workers=ready,
            unready=len(alive) - ready,
            paused=bool(paused),
            durations={name: time for name, time in usual.items() if time is not None},
            cold_start=_usual(cold_starts),
            most=self._most_workers,
            target=self._target,
        )

    async def _note(self, key: str, seconds: float) -> None:
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.lpush(key, round(seconds, 1))
        pipeline.ltrim(key, 0, KEPT - 1)
        pipeline.expire(key, REMEMBERED)
        try:
            await pipeline.execute()
        except RedisError as error:  # what is learnt is worth no second attempt at anything else
            log.info("durations.not_stored", error=type(error).__name__)


def _usual(times: object) -> float | None:
    found = [float(time) for time in cast("list[str]", times)]
    return median(found) if found else None
