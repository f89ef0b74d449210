"""The queue: one method a transition, each of them one Lua script that may be repeated without harm."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import structlog
from redis.client import NEVER_DECODE
from redis.exceptions import NoScriptError, OutOfMemoryError

from qwenedit_jobs import durations
from qwenedit_jobs.errors import PicturesForgottenError, QueueFullError, StorageFullError, TooManyUnfinishedError
from qwenedit_jobs.model import (
    Cancelled,
    Claim,
    Done,
    Fail,
    Job,
    Lease,
    Memory,
    Outcome,
    Phase,
    Release,
    Retry,
    Settled,
    State,
)
from qwenedit_jobs.queue.lost_attempts import LostAttempt
from qwenedit_jobs.queue.parsing import claim_of, known
from qwenedit_jobs.queue.queue_view import QueueView
from qwenedit_jobs.redis import chunks
from qwenedit_jobs.redis.connection import answered_within
from qwenedit_jobs.redis.scripts import named

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

SHARE = 0.9
"""Share of Redis' `maxmemory` up to which photos and jobs are accepted, with room for the results of all unfinished
jobs. The rest is for small writes: a service needs some to say that there's no room."""
TIDY_SHARE = 0.75
"""Share of it that the janitor keeps to by deleting the pictures of answered jobs, oldest first."""
UNDECODED = {NEVER_DECODE: True}
_FORGOTTEN = "forgotten"

log = structlog.get_logger(__name__)


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


class JobQueue(QueueView):
    """Jobs on a Redis list, with leases. Times are by Redis' clock, never the caller's.

    Every method may raise `redis.exceptions.RedisError`, and may then be repeated. `StorageFullError` is one: a full
    Redis refuses new jobs and pictures, while its jobs still run and end.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        waiter: A client for blocking calls.
        picture_ttl: Seconds for which photos of accepted jobs and results are kept.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        *,
        waiter: Redis | None = None,
        picture_ttl: int = durations.PICTURE,
    ) -> None:
        super().__init__(redis, keys)
        self._waiter = waiter or redis
        self._picture_ttl = picture_ttl

    # ---------------------------------------------------------------- the bot's side

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
            max_wait=_ms(limits.max_wait),
            max_queue=limits.max_queue_length,
            max_unfinished=limits.max_unfinished_per_user,
            picture_ttl=self._picture_ttl,
            sources=sources,
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

    async def answered(self, job_id: str, *, ending: int | None = None, how: str = "") -> float | None:
        """Record that the user has the answer.

        Args:
            job_id: The job.
            ending: Which of its ends was answered, as in `Status`. If an operator requeued the job meanwhile, its next
                end still needs an answer.
            how: What its user got, for the operator.

        Returns:
            When, in seconds since the epoch by Redis' clock; None if it was recorded before, or the job is no longer at
            that end.
        """
        end = None if ending is None else str(ending)
        at = int(await self._run("answered", id=job_id, retention=durations.ANSWERED_JOB, ending=end, how=how))
        return at / 1000 if at else None

    async def reword(self, job: Job) -> bool:
        """Replace a job that waits for its first attempt; False if it has begun or ended.

        A job that its worker released before it began counts as waiting.
        """
        return bool(await self._run("reword", id=job.id, payload=_payload(job)))

    async def was_answered(self, job_id: str) -> bool:
        """Return whether the user has a job's answer."""
        return bool(await self._redis.hexists(self._keys.job(job_id), "answered_at"))

    async def tick(self) -> Tick:
        """End expired leases, return jobs to the line after their pause, and fail jobs that waited too long.

        Call it about once a second. If a reply is lost, its changes aren't reported again.
        """
        reply = named(await self._run("expire_leases", limit=100))
        attempts = map(LostAttempt.parse, reply["lost"])
        return Tick(tuple(reply["due"]), tuple(reply["expired"]), tuple(each for each in attempts if each is not None))

    async def make_room(self, size: int = 0, *, share: float = TIDY_SHARE) -> Memory:
        """Delete answered jobs' pictures, oldest first, to make room; at most 2,000 a call.

        Args:
            size: Bytes that must fit beside the results of all unfinished jobs.
            share: Share of `maxmemory` below which they must fit.
        """
        reply = named(await self._run("make_room", bytes=size, share=share))
        return Memory(reply["used"], reply["limit"], reply["kept_free"])

    # ---------------------------------------------------------------- the worker's side

    async def claim(self, *, worker: str, token: str, lease: float, wait: float = 0.0) -> Claim | None:
        """Claim the job that has waited longest.

        With `wait`, sends in one round trip a BLMOVE of the line's last item onto its own place, which blocks until
        there is one and changes nothing, and the claim. If the reply is lost or the call is cancelled, it may have
        claimed a job: call `claim` with the same token, or `abandon`. A vanished worker whose connection stays open
        claims at most one job, until its wait has ended. Small pictures in the same Redis are returned too.

        Args:
            worker: The name of the caller, for the operator.
            token: Random, new for each job; repeating a call with the same token returns the same job.
            lease: Seconds until the job goes to another worker unless `heartbeat` is called.
            wait: Seconds to wait if there's no job.

        Raises:
            UnreadableJobError: the job was claimed, but this version can't read it; settle it.
        """
        reply = await self._claimed(wait, worker=worker, token=token, lease=_ms(lease), room=chunks.CHUNK)
        fields = named(reply)
        if foreign := fields["foreign"]:
            log.warning("queue.foreign_items", count=foreign, key=self._keys.job_queue, moved_to=self._keys.dead)
        return claim_of(fields, token) if "id" in fields else None

    async def _claimed(self, wait: float, **arguments: Any) -> list[Any]:
        if not wait:
            return cast("list[Any]", await self._run_soon("claim", options=UNDECODED, **arguments))
        line = self._keys.job_queue
        try:
            async with answered_within(wait):
                pipeline = self._waiter.pipeline(transaction=False)
                pipeline.blmove(line, line, wait, "RIGHT", "RIGHT")  # type: ignore[arg-type]  # fractions of a second
                pipeline.execute_command(*self._scripts.call("claim", **arguments), **UNDECODED)
                return cast("list[Any]", (await pipeline.execute())[-1])
        except OutOfMemoryError:  # a full Redis lets nobody move an item, not even onto its own place
            if not await self._redis.llen(line):
                await asyncio.sleep(min(wait, 0.5))
        except NoScriptError:
            pass
        return await self._claimed(0.0, **arguments)

    async def _run_soon(
        self, transition: str, *data: bytes, options: dict[str, bool] | None = None, **arguments: object
    ) -> Any:
        """Run a script on the blocking client: before Python 3.12, other clients' timeouts create a task each."""
        async with answered_within(0.0):
            return await self._scripts.run_by(self._waiter, options or {}, transition, *data, **arguments)

    async def abandon(self, token: str) -> Settled:
        """Revoke a claim's token, and return its job, if any, to the line without counting the attempt."""
        return Settled(await self._run("settle", token=token, outcome=Settled.QUEUED))

    async def heartbeat(
        self,
        job_id: str,
        token: str,
        *,
        lease: float = durations.LEASE,
        draining: bool = False,
        phase: Phase | None = None,
        step: int = 0,
        steps: int = 0,
    ) -> Lease:
        """Renew the lease.

        Args:
            job_id: The job.
            token: Of the claim.
            lease: Seconds.
            draining: The pod is leaving: KEDA no longer counts the job.
            phase: The job's progress, for its user; None if unchanged.
            step: The current step of that phase.
            steps: The number of its steps.
        """
        word = await self._run(
            "heartbeat",
            id=job_id,
            token=token,
            lease=_ms(lease),
            draining=draining,
            phase=phase,
            step=step,
            steps=steps,
        )
        return Lease(word)

    async def settle(self, job_id: str, token: str, outcome: Outcome) -> Settled:
        """Record how an attempt ended. A cancelled job ends as cancelled, whatever the outcome.

        Returns:
            The job's next state. A failed attempt delays it; the last one fails it.

        Raises:
            PicturesForgottenError: Redis no longer has the result's picture.
            StorageFullError: Redis has no room for it.
        """
        arguments: dict[str, Any] = {"id": job_id, "token": token}
        upload: tuple[str, bytes] | None = None
        match outcome:
            case Done(result, picture):
                arguments |= {"outcome": Settled.DONE, "result": result.model_dump_json()}
                if picture is not None:
                    arguments |= {"picture": result.picture, "ttl": _ms(self._picture_ttl)}
                    upload = result.picture, picture
            case Retry(reason, detail) | Fail(reason, detail):
                state = Settled.DELAYED if isinstance(outcome, Retry) else Settled.FAILED
                arguments |= {"outcome": state, "reason": reason, "detail": detail[:1_000]}
            case Release(detail, pause):
                ms = None if pause is None else _ms(pause)
                arguments |= {"outcome": Settled.QUEUED, "detail": detail[:1_000], "pause": ms}
        if upload is not None:
            ref, picture = upload
            if len(picture) <= chunks.CHUNK:
                with suppress(OutOfMemoryError):
                    return Settled(await self._run_soon("settle", picture, **arguments))
            await self._upload(ref, picture)
        settled = await self._run_soon("settle", **arguments)
        if settled == _FORGOTTEN:
            raise PicturesForgottenError(job_id)
        return Settled(settled)

    async def _upload(self, ref: str, picture: bytes) -> None:
        """Store a result before its job ends, deleting answered jobs' pictures if there's no room."""
        for last in (False, True):
            try:
                await chunks.put(self._redis, self._keys.picture(ref), picture, ms=_ms(self._picture_ttl))
            except OutOfMemoryError as error:
                if last:
                    raise StorageFullError from error
                await self.make_room(len(picture), share=SHARE)
            else:
                return


def _payload(job: Job) -> str:
    """Serialize only what differs from the defaults: the previous release's worker doesn't know newer fields."""
    return job.model_dump_json(exclude_defaults=True)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
