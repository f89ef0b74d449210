"""The queue for code that reads it and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import structlog
from redis.exceptions import ResponseError

from qwenedit_jobs.errors import UnreadableRecordError
from qwenedit_jobs.model import Counts, Memory
from qwenedit_jobs.queue.parsing import status_of
from qwenedit_jobs.redis.error_mapping import explained, is_wrong_kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys
    from qwenedit_jobs.model import Status
    from qwenedit_jobs.redis.scripts import Command, Scripts

MOST_OF_USER = 1_000
"""Unfinished jobs of one user that are looked at. Who may write a user's set may put any number into it."""
LOOK_ONLY = 1_000
"""A share of `maxmemory` that nothing reaches, so that no picture is deleted for it."""
MOST_NOTED = 1_000
"""Jobs of which it is remembered that they could not be read, so that each is told of once."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the line, and the jobs outside it."""

    length: int
    """Jobs in line."""
    positions: dict[str, int]
    """Id → place in line, 1 for the next one, in this order."""
    others: tuple[str, ...]
    """Ids of jobs that run or pause between attempts."""


class QueueView:
    """What can be known of the jobs. A job that this version cannot read is left out, and the others are told.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        scripts: The queue's, for calls that end at once.
        waiting: The same for calls that wait inside Redis.
        common: What every script is told beside the prefixes of keys.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        *,
        scripts: Scripts,
        waiting: Scripts,
        common: Command,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts
        self._waiting = waiting
        self._script_keys = keys.of_scripts
        self._common: Command = (*keys.prefixes_of_scripts, *common)
        self._unreadable = dict[str, None]()

    async def _run(
        self,
        transition: str,
        *arguments: str | float,
        raw: bool = False,
        before: Sequence[Command] = (),
        waiting: bool = False,
    ) -> Any:
        scripts = self._waiting if waiting else self._scripts
        try:
            return await scripts.run(transition, self._script_keys, (*self._common, *arguments), raw=raw, before=before)
        except ResponseError as error:
            job = {self._keys.job(str(about)): "hash" for about in arguments[:1]}
            raise await explained(error, self._redis, self._keys.kinds | job) from error

    async def status(self, job_id: str) -> Status | None:
        """Return what is known of a job; None when it was never accepted, is forgotten, or cannot be read."""
        found = await self.statuses([job_id])
        return found[0] if found else None

    async def exists(self, job_id: str) -> bool:
        """Whether a job is remembered, even if it cannot be read."""
        return bool(await self._redis.exists(self._keys.job(job_id)))

    async def statuses(self, job_ids: Iterable[str]) -> list[Status]:
        """Return what is known of several jobs, in one round trip; forgotten and unreadable ones are left out."""
        ids = list(job_ids)
        pipeline = self._redis.pipeline(transaction=False)
        for job_id in ids:
            pipeline.hgetall(self._keys.job(job_id))
        statuses: list[Status] = []
        for job_id, fields in zip(ids, await pipeline.execute(raise_on_error=False), strict=True):
            if isinstance(fields, Exception) and not is_wrong_kind(fields):
                raise fields
            try:
                statuses += [status_of(fields)] if fields else []
            except UnreadableRecordError as error:
                # A job that is shown to nobody must not keep the others from being shown.
                self._note_unreadable(job_id, str(error))
        return statuses

    def _note_unreadable(self, job_id: str, why: str) -> None:
        if job_id in self._unreadable:
            return
        self._unreadable[job_id] = None
        if len(self._unreadable) > MOST_NOTED:
            del self._unreadable[next(iter(self._unreadable))]
        log.warning("queue.unreadable", job_id=job_id, error=why, remedy="qwenedit jobs show")

    async def waiting_ids(self) -> list[str]:
        """Return the ids in line, next one first."""
        line, *_others = await self._run("unfinished")
        return list(reversed(line))

    async def window(self, *, skip: int, count: int, others: int) -> Window:
        """Look at a part of the line and at the jobs outside it: as much work for a line of ten thousand as for one.

        Args:
            skip: Jobs in line, from the next one on, that are left out.
            count: Jobs in line that are told.
            others: Most jobs of each other place: those that run, run on pods that are leaving, and pause.
        """
        length, line, *elsewhere = await self._run("window", skip, count, others)
        ids = [str(job_id) for job_id in reversed(line)]
        return Window(
            length=int(length),
            positions={job_id: place for place, job_id in enumerate(ids, skip + 1)},
            others=tuple(str(job_id) for ids in elsewhere for job_id in ids) if others else (),
        )

    async def positions_of(self, job_ids: Iterable[str]) -> dict[str, int]:
        """Return the places in line, 1 for the next one, of those jobs that are in line."""
        ids = list(job_ids)
        places = await self._run("positions", *ids) if ids else []
        return {job_id: int(place) for job_id, place in zip(ids, places, strict=True) if int(place)}

    async def unfinished_ids(self) -> list[str]:
        """Return the ids of all jobs that wait, run or pause between attempts; those in line come first, in order."""
        line, *others = await self._run("unfinished")
        return [*reversed(line), *(job_id for ids in others for job_id in ids)]

    async def unfinished_ids_of(self, user_id: int) -> list[str]:
        """Return the ids of one user's unfinished jobs, in no order; at most `MOST_OF_USER`."""
        return cast("list[str]", await self._redis.srandmember(self._keys.user(user_id), MOST_OF_USER))

    async def memory(self) -> Memory:
        """Return what Redis says of its memory."""
        _room, used, limit, kept_free = await self._run("room", 0, LOOK_ONLY)
        return Memory(used, limit, kept_free)

    async def counts(self) -> Counts:
        """Count the jobs in each place, at one moment.

        Raises:
            WrongTypeError: one of the places holds something else.
        """
        return (await self._counts(""))[0]

    async def is_idle(self) -> bool:
        """Whether no job waits, runs or pauses."""
        keys = self._keys
        return not await self._redis.exists(
            keys.job_queue, keys.held, keys.leases, keys.draining, keys.delayed, keys.lost
        )

    async def counts_with_user(self, user_id: int) -> tuple[Counts, int]:
        """Count as `counts` does, and one user's unfinished jobs, at one moment."""
        return await self._counts(user_id)

    async def _counts(self, user_id: int | str) -> tuple[Counts, int]:
        waiting, running, draining, delayed, dead, paused, unfinished = await self._run("counts", user_id)
        return Counts(waiting, running, draining, delayed, dead, paused=bool(paused)), unfinished
