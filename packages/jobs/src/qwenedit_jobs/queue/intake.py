"""The queue as the bot uses it: each transition is one Lua script that may be repeated without harm."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qwenedit_jobs import durations
from qwenedit_jobs.errors import PicturesForgottenError, QueueFullError, StorageFullError, TooManyUnfinishedError
from qwenedit_jobs.model import Acceptance, Cancelled, Job, Memory, State, Status
from qwenedit_jobs.queue.lost_attempts import LostAttempt
from qwenedit_jobs.queue.parsing import as_accepted, fields_in, known
from qwenedit_jobs.queue.queue_view import SHARE, TIDY_SHARE, QueueView, milliseconds
from qwenedit_jobs.redis.scripts import named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

_FORGOTTEN = "forgotten"
_ATTEMPT = 3_600
"""Seconds that an attempt and its lease take at most; for how long a job stays on record."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """Limits of the queue and of a job's attempts.

    Args:
        max_queue_length: Jobs that may wait; more are refused.
        max_unfinished_per_user: Unfinished jobs that a user may have.
        max_attempts: Attempts per job, including the first.
        retry_delays: Seconds before the second, third, … attempt; the last one repeats.
        max_wait: Seconds within which a job must begin after its acceptance, and after a failed attempt. Otherwise it
            fails.
    """

    max_queue_length: int = 1000
    max_unfinished_per_user: int = 3
    max_attempts: int = 3
    retry_delays: tuple[float, ...] = (5.0, 10.0, 20.0)
    max_wait: float = 3_600.0


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick changed."""

    due: tuple[str, ...]
    """IDs of jobs that are back in line after a pause between attempts."""
    expired: tuple[str, ...]
    """IDs of jobs that failed because they waited too long."""
    lost: tuple[LostAttempt, ...]
    """Attempts whose lease expired."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides about a request."""

    known: int
    """1 if it's a job already."""
    waiting: int
    """Jobs that wait in line or between attempts."""
    unfinished: int
    """Its user's unfinished jobs."""


class Intake(QueueView):
    """Accepts jobs, and answers them. Times are by Redis' clock, never the caller's.

    What it accepts it also puts on record, where workers can neither read nor write: the job, and whether its user has
    the answer. `statuses` returns that; of what workers write, it returns the state, the progress and the result.

    Every method may raise `redis.exceptions.RedisError`, and may then be repeated. `StorageFullError` is one: a full
    Redis refuses new jobs and pictures, while its jobs still run and end.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        picture_ttl: Seconds for which photos of accepted jobs are kept.
    """

    def __init__(self, redis: Redis, keys: Keys, *, picture_ttl: int = durations.PICTURE) -> None:
        super().__init__(redis, keys)
        self._picture_ttl = picture_ttl

    async def enqueue(
        self,
        job: Job,
        limits: QueueLimits,
        *,
        trace_context: str = "",
        pictures_in_redis: bool = False,
        sources: str = "",
    ) -> State:
        """Accept a job, once: an existing ID isn't changed.

        Args:
            job: The job.
            limits: The limits that apply.
            trace_context: The traceparent to store with it.
            pictures_in_redis: Accept it only if this Redis has its pictures now, and room for its result.
            sources: Where its pictures came from, in the caller's format; stored, but not passed to workers.

        Returns:
            The job's state: `QUEUED` if it was accepted now. Another version's state is returned as `RUNNING`.

        Raises:
            QueueFullError: too many jobs wait.
            TooManyUnfinishedError: this user has too many unfinished jobs.
            PicturesForgottenError: Redis doesn't have its pictures.
            StorageFullError: Redis has no room for it.
        """
        reply = await self._run(
            "enqueue",
            id=job.id,
            payload=_payload(job),
            user=str(job.user_id),
            trace=trace_context,
            max_attempts=limits.max_attempts,
            delays=json.dumps(limits.retry_delays),
            max_wait=milliseconds(limits.max_wait),
            max_queue=limits.max_queue_length,
            max_unfinished=limits.max_unfinished_per_user,
            picture_ttl=self._picture_ttl,
            sources=sources,
            kept=round(durations.UNANSWERED_JOB + limits.max_attempts * (limits.max_wait + _ATTEMPT)),
            share=SHARE,
            pictures=job.edit.pictures if pictures_in_redis else (),
        )
        fields = named(reply)
        outcome = fields["outcome"]
        if outcome == _FORGOTTEN:
            raise PicturesForgottenError(job.id)
        if outcome == "no_room":
            raise StorageFullError
        if outcome == "full":
            raise QueueFullError(fields["count"])
        if outcome == "limited":
            raise TooManyUnfinishedError(fields["count"])
        return State.QUEUED if outcome == "accepted" else known(State, fields["state"], State.RUNNING)

    async def cancel(self, job_id: str) -> Cancelled:
        """Cancel a job: at once if it waits, through its worker if it runs."""
        return known(Cancelled, await self._run("cancel", id=job_id), Cancelled.UNKNOWN)

    async def answered(self, job_id: str, *, ending: int | None = None, how: str = "", shown: str = "") -> float | None:
        """Record that the user has the answer.

        Args:
            job_id: The job.
            ending: Which of its ends was answered, as in `Status`. If an operator requeued the job meanwhile, its next
                end still needs an answer.
            how: What its user got.
            shown: The digest of the picture that its user got; empty if there's none.

        Returns:
            When, in seconds since the epoch by Redis' clock; None if it was recorded before, or the job is no longer at
            that end.
        """
        end = None if ending is None else str(ending)
        at = await self._run("answered", id=job_id, ending=end, how=how, shown=shown)
        return int(at) / 1000 if int(at) else None

    async def reword(self, job: Job) -> bool:
        """Replace a job that waits for its first attempt; False if it has begun or ended.

        A job that its worker released before it began counts as waiting.
        """
        return bool(await self._run("reword", id=job.id, payload=_payload(job)))

    async def tick(self) -> Tick:
        """End expired leases, return jobs to the line after their pause, and fail jobs that waited too long.

        Call it about once a second. If a reply is lost, its changes aren't reported again.
        """
        reply = named(await self._run("expire_leases", limit=100))
        attempts = map(LostAttempt.parse, reply["lost"])
        return Tick(tuple(reply["due"]), tuple(reply["expired"]), tuple(each for each in attempts if each is not None))

    async def standing(self, job_id: str, user_id: int, *, most: int) -> Standing:
        """Tell in one round trip what decides about a request.

        Args:
            job_id: Of the job that it would become.
            user_id: Its user.
            most: From so many on, the count of the user's jobs is exact: entries that are none are deleted.
        """
        return Standing(**named(await self._run("standing", id=job_id, user=str(user_id), most=most)))

    async def statuses(self, job_ids: Iterable[str]) -> list[Status]:
        """Return several jobs as `QueueView` does, but what's on record of them as it is there."""
        ids = list(job_ids)
        reply = await self._records(ids, accepted=True)
        statuses = list[Status]()
        for job_id, found, accepted in zip(ids, reply["found"], reply["accepted"], strict=True):
            fields, record = fields_in(found), named(accepted)
            if record and not isinstance(fields, str):
                fields = as_accepted(fields, record)
            status = self._status(job_id, fields)
            if status is not None:
                unrecorded = Acceptance.OLDER if reply["older"] else Acceptance.FORGED
                statuses.append(replace(status, acceptance=Acceptance.RECORDED if record else unrecorded))
        return statuses

    async def make_room(self, size: int = 0, *, share: float = TIDY_SHARE) -> Memory:
        """Delete answered jobs' pictures, oldest first, to make room; at most 2,000 a call.

        Args:
            size: Bytes that must fit beside the results of all unfinished jobs.
            share: Share of `maxmemory` below which they must fit.
        """
        reply = named(await self._run("make_room", bytes=size, share=share))
        return Memory(reply["used"], reply["limit"], reply["kept_free"])


def _payload(job: Job) -> str:
    """Serialize only what differs from the defaults: the previous release's worker doesn't know newer fields."""
    return job.model_dump_json(exclude_defaults=True)
