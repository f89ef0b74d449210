"""The queue: one method a transition, each of them one Lua script that may be repeated without harm."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog
from redis.exceptions import ResponseError

from qwenedit_jobs.errors import (
    PicturesForgottenError,
    QueueFullError,
    StorageFullError,
    TooManyUnfinishedError,
)
from qwenedit_jobs.model import Cancelled, Claim, Job, Lease, Memory, Phase, Reason, Result, Settled, State
from qwenedit_jobs.queue.lost_attempts import LostAttempt
from qwenedit_jobs.queue.parsing import claim_of, known
from qwenedit_jobs.queue.queue_view import QueueView
from qwenedit_jobs.redis import chunks
from qwenedit_jobs.redis.error_mapping import explained
from qwenedit_jobs.redis.scripts import Scripts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

SCRIPTS = Path(__file__).parent / "lua"
UNANSWERED_RETENTION = 7 * 86_400
"""Seconds a finished job is remembered while its answer is on its way: longer than any outage of the bot."""
ANSWERED_RETENTION = 86_400
"""Seconds a job is remembered after its answer: pressing a button of the result still finds it."""
PICTURE_TTL = 86_400
"""Seconds for which a result's picture is kept, unless the operator says otherwise."""
UPLOAD_TTL = 600
"""Seconds for which a picture is kept that was sent ahead of what accepts it: a job, or a job's end."""
FAILED_PICTURES_KEPT = 3_600
"""Seconds for which a failed job keeps its photos, as long as there is room: an operator may have it tried again. The
scripts say the same number."""
SHARE = 0.9
"""Share of Redis' `maxmemory` up to which photos and jobs are accepted, with room for the results of all unfinished
jobs. The rest is for small writes: a service needs some to say that there's no room."""
TIDY_SHARE = 0.75
"""Share of it that the janitor keeps to by deleting the pictures of answered jobs, oldest first."""
DEAD_KEPT = 1_000
"""How many failed jobs are kept for the operator; older ones are forgotten."""
BATCH = 100
LOOK_EVERY = 0.5
"""Seconds between looks at the line while Redis is too full to wait in it."""
ABANDONED_FOR = 60.0
"""Seconds for which an abandoned token is remembered: its claim may still be on its way, or wait inside Redis."""
DEFERRED_FOR = 5.0
"""Seconds for which a job that a worker cannot read is left to the workers of another version."""
_FORGOTTEN = "forgotten"
MAX_DETAIL_LENGTH = 1_000
"""Characters of an error's text that are kept with a job."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
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


class JobQueue(QueueView):
    """Jobs on a Redis list, with leases. Times are Redis' own; no caller's clock matters.

    Every method may raise `redis.exceptions.RedisError`, and every one may then be called again. Two of these errors
    are our own: `WrongTypeError` for a key that holds something else, and `StorageFullError`. A full Redis refuses
    what is new; the jobs it has still run and end, though nobody sees how far they are.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        waiter: A client whose connections are for waiting alone: its socket time-out must exceed the wait.
        picture_ttl: Seconds for which pictures are kept, of jobs that are accepted and of results that are handed in.
    """

    def __init__(
        self,
        redis: Redis,
        keys: Keys,
        *,
        waiter: Redis | None = None,
        picture_ttl: int = PICTURE_TTL,
    ) -> None:
        scripts = Scripts(redis, SCRIPTS)
        super().__init__(
            redis,
            keys,
            scripts=scripts,
            waiting=Scripts(waiter, SCRIPTS) if waiter else scripts,
            common=(UNANSWERED_RETENTION, DEAD_KEPT),
        )
        self._picture_ttl = picture_ttl

    # ---------------------------------------------------------------- the bot's side

    async def enqueue(
        self,
        job: Job,
        limits: Limits,
        *,
        trace_context: str = "",
        pictures_in_redis: bool = False,
        sources: str = "",
    ) -> State:
        """Accept a job, once: an id that exists is left as it is.

        Args:
            job: The job.
            limits: What is accepted.
            trace_context: Travels with it.
            pictures_in_redis: Accept it only if the same Redis has its pictures at this moment, and keep them there
                for `picture_ttl`.
            sources: Where its pictures came from, in the caller's words: kept with the job, and told to no worker.

        Returns:
            The job's state: `QUEUED` when it was accepted now. Another version's state is told as `RUNNING`.

        Raises:
            QueueFullError: too many jobs wait.
            TooManyUnfinishedError: this user has too many unfinished jobs.
            PicturesForgottenError: Redis does not have its pictures.
            StorageFullError: Redis has no room for its result beside those of the jobs before it, or none at all.
        """
        outcome, *rest = await self._run(
            "enqueue", job.id, _payload(job), job.user_id, trace_context, limits.max_attempts,
            json.dumps(limits.retry_delays), _ms(limits.max_wait), limits.max_queue_length,
            limits.max_unfinished_per_user, self._picture_ttl, sources, SHARE,
            *(self._keys.picture(ref) for ref in job.edit.pictures if pictures_in_redis),
        )  # fmt: skip
        if outcome == _FORGOTTEN:
            raise PicturesForgottenError(job.id)
        if outcome == "no_room":
            raise StorageFullError
        if outcome == "full":
            raise QueueFullError(int(rest[0]))
        if outcome == "limited":
            raise TooManyUnfinishedError(int(rest[0]))
        return State.QUEUED if outcome == "accepted" else known(State, rest[0], State.RUNNING)

    async def cancel(self, job_id: str) -> Cancelled:
        """Cancel a job: at once while it waits, through its worker while it runs."""
        return known(Cancelled, await self._run("cancel", job_id), Cancelled.UNKNOWN)

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
        told = "" if ending is None else str(ending)
        at = int(await self._run("answered", job_id, ANSWERED_RETENTION, told, how))
        return at / 1000 if at else None

    async def readdress(self, job_id: str, message_id: int) -> bool:
        """Let the bot answer a job in another message than its placeholder; False where there is no such job."""
        return bool(await self._run("readdress", job_id, message_id))

    async def reword(self, job: Job) -> bool:
        """Have a job that waits for its first attempt done as this one says; False where it has begun or ended.

        A job that was released by its worker before it began counts as one that waits.
        """
        return bool(await self._run("reword", job.id, _payload(job)))

    async def was_answered(self, job_id: str) -> bool:
        """Whether the user already has the answer to a job."""
        return bool(await self._redis.hexists(self._keys.job(job_id), "answered_at"))

    async def reap(self) -> list[tuple[str, Settled]]:
        """End the leases that ran out.

        Returns:
            Each job's id and what became of it: `DELAYED`, `FAILED` or `CANCELLED`. Most claims end leases as well;
            `lost_attempts` has them all.
        """
        flat: Sequence[str] = await self._run("reap", BATCH)
        return [(job_id, Settled(outcome)) for job_id, outcome in zip(flat[::2], flat[1::2], strict=True)]

    async def make_room(self, size: int = 0, *, share: float = TIDY_SHARE) -> Memory:
        """Delete pictures of answered jobs, oldest first, until so many bytes fit; at most 2,000 a call.

        Args:
            size: Bytes that are to fit beside the results of all unfinished jobs.
            share: Of `maxmemory`, below which they are to fit.
        """
        _room, used, limit, kept_free = await self._run("room", size, share)
        return Memory(used, limit, kept_free)

    async def lost_attempts(self) -> list[LostAttempt]:
        """Return the attempts that were taken from their workers, each once; after a lost reply not even that."""
        entries = cast("list[str] | None", await self._redis.lpop(self._keys.lost, BATCH))
        return [attempt for entry in entries or () if (attempt := LostAttempt.read(entry)) is not None]

    async def promote(self) -> list[str]:
        """Put the jobs whose next attempt is due back into the queue; returns their ids."""
        return list(await self._run("promote", BATCH))

    async def expire(self) -> list[str]:
        """Fail the jobs in line that waited too long, for `Reason.EXPIRED`; returns their ids. Claims do so too."""
        return list(await self._run("expire", BATCH))

    # ---------------------------------------------------------------- the worker's side

    async def _wait_otherwise(self, refused: ResponseError, seconds: float) -> None:
        """Wait where Redis is full: it lets nobody move an item then, not even onto its own place."""
        cause = await explained(refused, self._redis, self._keys.kinds)
        if not isinstance(cause, StorageFullError):
            raise cause from refused
        if not await self._redis.llen(self._keys.job_queue):
            await asyncio.sleep(min(seconds, LOOK_EVERY))

    async def claim(
        self, *, worker: str, token: str, lease: float, pictures_up_to: int = 0, wait: float = 0.0
    ) -> Claim | None:
        """Take the job that waited longest.

        A claim that waits is a BLMOVE of the line's last item onto its own place, which blocks until there is one and
        changes nothing, and a claim behind it in one round trip. Where its reply is lost, or the call is cancelled, it
        may have taken a job: call `claim` with the same token, or `abandon`. A worker that is gone without its
        connection being closed takes one job at most, and only until its wait has ended.

        Args:
            worker: The name of the caller, for the operator.
            token: Fresh and random for each job; repeating a call with the same token returns the same job.
            lease: Seconds until the job goes to somebody else unless `renew` is called.
            pictures_up_to: Bytes of pictures that may come with the job, from the same Redis.
            wait: Seconds to wait for a job where there is none.

        Raises:
            UnreadableJobError: the job was claimed and its payload is unknown to this version; settle it.
        """
        arguments = (worker, token, _ms(lease), pictures_up_to)
        waited: object = None
        if wait:
            line = self._keys.job_queue
            before = [("BLMOVE", line, line, "RIGHT", "RIGHT", wait)]
            waited, reply = await self._run("claim_awaited", *arguments, raw=True, before=before, waiting=True)
        else:
            reply = await self._run("claim", *arguments, raw=True)
        foreign, *found = reply
        if int(foreign):
            log.warning("queue.foreign_items", count=int(foreign), key=self._keys.job_queue, moved_to=self._keys.dead)
        if found:
            return claim_of(found, token)
        if isinstance(waited, ResponseError):
            await self._wait_otherwise(waited, wait)
        return None

    async def abandon(self, token: str) -> Settled:
        """Let a token take no job any more, and give back unharmed the one that it has taken; see `release`."""
        return Settled(await self._run("abandon", token, _ms(ABANDONED_FOR)))

    async def renew(self, job_id: str, token: str, *, lease: float) -> Lease:
        """Keep the job for another lease (seconds)."""
        return Lease(await self._run("renew", job_id, token, _ms(lease)))

    async def progress(self, job_id: str, token: str, phase: Phase, *, step: int = 0, steps: int = 0) -> Lease:
        """Tell the user how far the job is."""
        return Lease(await self._run("progress", job_id, token, phase, step, steps))

    async def complete(self, job_id: str, token: str, result: Result, *, picture: bytes | None = None) -> Settled:
        """Hand in the result: `DONE`, `CANCELLED` or `LOST`.

        Args:
            job_id: The job.
            token: Of the claim.
            result: What the attempt produced.
            picture: Is put into the same Redis first, and the result accepted only if it is there then. Where there
                is no room for it, pictures that nobody waits for any more go.

        Raises:
            PicturesForgottenError: Redis does not have the picture any more.
            StorageFullError: it has no room for it.
        """
        said = result.model_dump_json()
        if picture is None:
            return Settled(await self._run("complete", job_id, token, said, "", 0))
        refused = await self._complete_with(picture, job_id, token, said, result.picture)
        if isinstance(refused, StorageFullError):
            await self.make_room(len(picture), share=SHARE)
            refused = await self._complete_with(picture, job_id, token, said, result.picture)
        if isinstance(refused, Settled):
            return refused
        raise refused

    async def _complete_with(
        self, picture: bytes, job_id: str, token: str, said: str, ref: str
    ) -> Settled | ResponseError:
        send = chunks.commands(f"{self._keys.picture(ref)}:sent", picture, ms=_ms(UPLOAD_TTL))
        sent, outcome = await self._run("complete", job_id, token, said, ref, self._picture_ttl, before=send)
        if outcome != _FORGOTTEN:
            return Settled(outcome)
        if isinstance(sent, ResponseError):
            return await explained(sent, self._redis, {})
        return PicturesForgottenError(job_id)

    async def fail(self, job_id: str, token: str, reason: Reason, detail: str = "") -> Settled:
        """Give up for good: `FAILED`, `CANCELLED` or `LOST`."""
        return Settled(await self._run("fail", job_id, token, reason, detail[:MAX_DETAIL_LENGTH]))

    async def retry(self, job_id: str, token: str, reason: Reason, detail: str = "") -> Settled:
        """End a failed attempt: `DELAYED`, `FAILED` after the last one, `CANCELLED` or `LOST`."""
        return Settled(await self._run("retry", job_id, token, reason, detail[:MAX_DETAIL_LENGTH]))

    async def release(self, job_id: str, token: str, why: str = "") -> Settled:
        """Give a job back unharmed, the attempt not counted: `QUEUED`, `CANCELLED` or `LOST`."""
        return Settled(await self._run("release", job_id, token, why[:MAX_DETAIL_LENGTH]))

    async def defer(self, job_id: str, token: str, seconds: float = DEFERRED_FOR, why: str = "") -> Settled:
        """Give a job back for which this worker can do nothing now, the attempt not counted. Others have their turn.

        The time counts as waiting, that with this worker as well, so that the job does not wait for ever.

        Args:
            job_id: The job.
            token: Of the claim.
            seconds: Until it is back in line.
            why: Kept with the attempt.

        Returns:
            `DELAYED`, `CANCELLED` or `LOST`.
        """
        return Settled(await self._run("defer", job_id, token, _ms(seconds), why[:MAX_DETAIL_LENGTH]))

    async def drain(self, job_id: str, token: str) -> Lease:
        """Say that the job's pod is leaving, so that KEDA no longer keeps a replica for it."""
        return Lease(await self._run("drain", job_id, token))


def _payload(job: Job) -> str:
    """Say only what differs from the defaults: a worker of the release before knows nothing of newer fields."""
    return job.model_dump_json(exclude_defaults=True)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
