"""The queue as workers use it: claims, with leases, each call one Lua script that may be repeated without harm."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import structlog
from redis.client import NEVER_DECODE
from redis.exceptions import NoScriptError, OutOfMemoryError

from qwenedit_jobs import durations
from qwenedit_jobs.errors import PicturesForgottenError, StorageFullError
from qwenedit_jobs.model import Claim, Done, Fail, Lease, Outcome, Phase, Release, Retry, Settled
from qwenedit_jobs.queue.parsing import claim_of
from qwenedit_jobs.queue.queue_view import SHARE, QueueView, milliseconds
from qwenedit_jobs.redis import chunks
from qwenedit_jobs.redis.connection import answered_within
from qwenedit_jobs.redis.scripts import named

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

UNDECODED = {NEVER_DECODE: True}

log = structlog.get_logger(__name__)


class Leases(QueueView):
    """Claims jobs and settles them. Times are by Redis' clock, never the caller's.

    Every method may raise `redis.exceptions.RedisError`, and may then be repeated. `StorageFullError` is one.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
        waiter: A client for blocking calls.
        picture_ttl: Seconds for which results are kept.
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
        reply = await self._claimed(wait, worker=worker, token=token, lease=milliseconds(lease), room=chunks.CHUNK)
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
            lease=milliseconds(lease),
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
                    arguments |= {"picture": result.picture, "ttl": milliseconds(self._picture_ttl)}
                    upload = result.picture, picture
            case Retry(reason, detail) | Fail(reason, detail):
                state = Settled.DELAYED if isinstance(outcome, Retry) else Settled.FAILED
                arguments |= {"outcome": state, "reason": reason, "detail": detail[:1_000]}
            case Release(detail, pause):
                ms = None if pause is None else milliseconds(pause)
                arguments |= {"outcome": Settled.QUEUED, "detail": detail[:1_000], "pause": ms}
        if upload is not None:
            ref, picture = upload
            if len(picture) <= chunks.CHUNK:
                with suppress(OutOfMemoryError):
                    return Settled(await self._run_soon("settle", picture, **arguments))
            await self._upload(ref, picture)
        settled = await self._run_soon("settle", **arguments)
        if settled == "forgotten":
            raise PicturesForgottenError(job_id)
        return Settled(settled)

    async def _upload(self, ref: str, picture: bytes) -> None:
        """Store a result before its job ends, deleting answered jobs' pictures if there's no room."""
        for last in (False, True):
            try:
                await chunks.put(self._redis, self._keys.picture(ref), picture, ms=milliseconds(self._picture_ttl))
            except OutOfMemoryError as error:
                if last:
                    raise StorageFullError from error
                await self._run("make_room", bytes=len(picture), share=SHARE)
            else:
                return
