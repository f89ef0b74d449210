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

from qwenedit_jobs import times
from qwenedit_jobs.errors import (
    PicturesForgottenError,
    QueueFullError,
    StorageFullError,
    TooManyUnfinishedError,
)
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
MAX_DETAIL_LENGTH = 1_000
"""Characters of an error's text that are kept with a job."""
UNDECODED = {NEVER_DECODE: True}
_FORGOTTEN = "forgotten"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How many jobs are taken, and how often each is tried.

    Args:
        max_queue_length: Jobs that may wait before the next one is refused.
        max_unfinished_per_user: Jobs that one user may have unfinished at once.
        max_attempts: Executions in all, the first included.
        retry_delays: Seconds before the second, third, … attempt; the last one repeats.
        max_wait: Seconds in which a job must begin after its acceptance, and again after an attempt that failed; later
            it fails instead.
    """

    max_queue_length: int = 1000
    max_unfinished_per_user: int = 3
    max_attempts: int = 3
    retry_delays: tuple[float, ...] = (5.0, 10.0, 20.0)
    max_wait: float = 3_600.0


@dataclass(frozen=True, slots=True)
class Tick:
    """Jobs whose lease, pause or wait ended."""

    due: tuple[str, ...]
    """Ids of those whose pause between two attempts has ended, and that are back in line."""
    expired: tuple[str, ...]
    """Ids of those that waited too long, and have failed."""
    lost: tuple[LostAttempt, ...]
    """Attempts whose lease ran out."""


class JobQueue(QueueView):
    """Jobs on a Redis list, with leases. Times are Redis' own; no caller's clock matters.

    Every method may raise `redis.exceptions.RedisError`, and every one may then be called again. One of these errors is
    our own: `StorageFullError`. A full Redis refuses new jobs and pictures; the jobs it has still run and end.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        waiter: A client for waiting alone.
        picture_ttl: Seconds for which pictures are kept, of jobs that are accepted and of results that are handed in.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        *,
        waiter: Redis | None = None,
        picture_ttl: int = times.PICTURE,
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
        """Accept a job, once: an id that exists isn't changed.

        Args:
            job: The job.
            limits: What is accepted.
            trace_context: Travels with it.
            pictures_in_redis: Accept it only if the same Redis has its pictures at this moment, and room for its
                result.
            sources: Where its pictures came from, in the caller's words: kept with the job, and told to no worker.

        Returns:
            The job's state: `QUEUED` when it was accepted now. Another version's state is returned as `RUNNING`.

        Raises:
            QueueFullError: too many jobs wait.
            TooManyUnfinishedError: this user has too many unfinished jobs.
            PicturesForgottenError: Redis does not have its pictures.
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
        """Cancel a job: at once while it waits, through its worker while it runs."""
        return known(Cancelled, await self._run("cancel", id=job_id), Cancelled.UNKNOWN)

    async def answered(self, job_id: str, *, ending: int | None = None, how: str = "") -> float | None:
        """Remember that the user has the answer, from now on.

        Args:
            job_id: The job.
            ending: Which of its ends was answered, as `Status` says. An operator may have had the job executed again
                meanwhile, and then the answer to its next end is still to come.
            how: What its user got, for the operator.

        Returns:
            When that was, in seconds since the epoch by Redis' clock; None where this call was not the first to say
            so, or the job is no longer at that end.
        """
        end = None if ending is None else str(ending)
        at = int(await self._run("answered", id=job_id, retention=times.ANSWERED_JOB, ending=end, how=how))
        return at / 1000 if at else None

    async def reword(self, job: Job) -> bool:
        """Have a job that waits for its first attempt done as this one says; False where it has begun or ended.

        A job that was released by its worker before it began counts as one that waits.
        """
        return bool(await self._run("reword", id=job.id, payload=_payload(job)))

    async def was_answered(self, job_id: str) -> bool:
        """Whether the user already has the answer to a job."""
        return bool(await self._redis.hexists(self._keys.job(job_id), "answered_at"))

    async def tick(self) -> Tick:
        """Do what the time asks for: end leases, put jobs whose pause has ended back into line, fail late ones.

        Somebody has to call it about once a second. What a lost reply has told is not told again.
        """
        reply = named(await self._run("tick", limit=100))
        attempts = map(LostAttempt.parse, reply["lost"])
        return Tick(tuple(reply["due"]), tuple(reply["expired"]), tuple(each for each in attempts if each is not None))

    async def make_room(self, size: int = 0, *, share: float = TIDY_SHARE) -> Memory:
        """Delete pictures of answered jobs, oldest first, until so many bytes fit; at most 2,000 a call.

        Args:
            size: Bytes that are to fit beside the results of all unfinished jobs.
            share: Of `maxmemory`, below which they are to fit.
        """
        reply = named(await self._run("room", bytes=size, share=share))
        return Memory(reply["used"], reply["limit"], reply["kept_free"])

    # ---------------------------------------------------------------- the worker's side

    async def claim(self, *, worker: str, token: str, lease: float, wait: float = 0.0) -> Claim | None:
        """Take the job that waited longest.

        A claim that waits is a BLMOVE of the line's last item onto its own place, which blocks until there is one and
        changes nothing, and a claim behind it in one round trip. If its reply is lost, or the call is cancelled, it may
        have taken a job: call `claim` with the same token, or `abandon`. A worker that is gone without its connection
        being closed takes one job at most, and only until its wait has ended. Pictures that are small and in the same
        Redis come along.

        Args:
            worker: The name of the caller, for the operator.
            token: Fresh and random for each job; repeating a call with the same token returns the same job.
            lease: Seconds until the job goes to somebody else unless `heartbeat` is called.
            wait: Seconds to wait for a job where there is none.

        Raises:
            UnreadableJobError: the job was claimed and its payload is unknown to this version; settle it.
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
        """Run a script of every job by the client that waits: before Python 3.12, the time-out of others is a task."""
        async with answered_within(0.0):
            return await self._scripts.run_by(self._waiter, options or {}, transition, *data, **arguments)

    async def abandon(self, token: str) -> Settled:
        """Revoke a claim's token, and put its job, if any, back in line unharmed."""
        return Settled(await self._run("settle", token=token, outcome=Settled.QUEUED))

    async def heartbeat(
        self,
        job_id: str,
        token: str,
        *,
        lease: float = times.LEASE,
        draining: bool = False,
        phase: Phase | None = None,
        step: int = 0,
        steps: int = 0,
    ) -> Lease:
        """Keep the job for another lease (seconds).

        Args:
            job_id: The job.
            token: Of the claim.
            lease: Seconds.
            draining: The pod is leaving: KEDA is to keep no replica for the job any more.
            phase: How far the job is, for its user; None: no news.
            step: Of that phase.
            steps: In all.
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
        """Record how an attempt ended. A job whose user has cancelled it ends so, whatever its worker says.

        Returns:
            What became of the job. A failed attempt delays it, or fails it after the last one.

        Raises:
            PicturesForgottenError: Redis does not have the result's picture any more.
            StorageFullError: it has no room for it.
        """
        arguments: dict[str, Any] = {"id": job_id, "token": token}
        upload: tuple[str, bytes] | None = None
        match outcome:
            case Done(result, picture):
                arguments |= {"outcome": Settled.DONE, "result": result.model_dump_json()}
                if picture is not None:
                    arguments |= {"picture": result.picture, "ttl": _ms(self._picture_ttl)}
                    upload = result.picture, picture
            case Retry(reason, detail):
                arguments |= {"outcome": Settled.DELAYED, "reason": reason, "detail": detail[:MAX_DETAIL_LENGTH]}
            case Fail(reason, detail):
                arguments |= {"outcome": Settled.FAILED, "reason": reason, "detail": detail[:MAX_DETAIL_LENGTH]}
            case Release(detail, pause):
                ms = None if pause is None else _ms(pause)
                arguments |= {"outcome": Settled.QUEUED, "detail": detail[:MAX_DETAIL_LENGTH], "pause": ms}
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
        """Send a result ahead of its job's end. Where there is no room, pictures of answered jobs go."""
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
    """Say only what differs from the defaults: a worker of the release before knows nothing of newer fields."""
    return job.model_dump_json(exclude_defaults=True)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
