"""Erases a user's jobs with their pictures. A running job is cancelled first, and erased when it has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from qwenedit_bot.chat.view import Source
from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_bot.common.sure_writes import SureWrites
from qwenedit_bot.edits.answers import refund
from qwenedit_jobs import PictureStoreUnavailableError, State, durations, input_ref
from qwenedit_jobs.events import job_in
from qwenedit_jobs.model import MAX_PICTURES, Cancelled

if TYPE_CHECKING:
    from collections.abc import Collection

    from redis.asyncio import Redis

    from qwenedit_bot.chat.replies import Replies
    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.payments.quotas import Quotas
    from qwenedit_jobs import PictureStore, Status
    from qwenedit_jobs.lanes import Lanes
    from qwenedit_jobs.queue.operator_queue import OperatorQueue


_PLACES = "user_prefix job_queue held leases draining delayed dead ended events answers"

log = structlog.get_logger(__name__)


@dataclass(kw_only=True, eq=False)
class UserJobs:
    """The jobs of all users."""

    redis: Redis
    keys: BotKeys
    queue: OperatorQueue
    store: PictureStore
    picture_ttl: int
    """Seconds for which the store keeps a picture."""
    quotas: Quotas
    replies: Replies
    answers: Lanes

    @property
    def personal_data(self) -> tuple[PersonalData, ...]:
        """The personal data of jobs."""
        return (
            PersonalData(
                "photos, until their job has ended", "picture", seconds=self.picture_ttl, until="`PICTURE_TTL`"
            ),
            PersonalData(
                "photos of a job that failed, from then on",
                "picture",
                seconds=durations.FAILED_JOB_PICTURES,
                told="failed",
            ),
            PersonalData(
                "results", "picture answered_pictures", seconds=self.picture_ttl, until="`PICTURE_TTL`", told="pictures"
            ),
            PersonalData(
                "jobs with their instructions and Telegram's ids of their photos, from the answer on",
                "job_prefix job accepted_prefix accepted",
                seconds=durations.ANSWERED_JOB,
                told="answered",
            ),
            PersonalData("jobs without an answer", "job accepted", seconds=durations.UNANSWERED_JOB, told="unanswered"),
            PersonalData("IDs of jobs in the queue", f"{_PLACES} user", until="they are answered, or dropped"),
            PersonalData("IDs of jobs that are being forgotten", "forgetting", until="they have ended"),
            PersonalData("whether moderation lets a result be shown", "judged", seconds=timeouts.VERDICT),
            PersonalData(
                "which job a worker has claimed",
                "claim_prefix",
                until="its lease would have expired",
                stays="it's only a job's ID, and the worker may ask again",
            ),
        )

    async def forget(self, ids: Collection[str]) -> None:
        """Cancel a user's jobs and erase ended ones; `tick` erases the others."""
        jobs = await self.queue.statuses(ids)
        for job_id in set(ids) - {status.job.id for status in jobs}:
            await self._drop_answer(job_id)
            await self.queue.erase_unreadable(job_id)  # of another version: nobody here could answer it
        if jobs:  # before anything else: whatever crashes, these are forgotten
            await SureWrites(self.redis).join(self.keys.forgetting, [status.job.id for status in jobs])
        for status in jobs:
            ended = await self.queue.cancel(status.job.id)
            if ended in (Cancelled.FAILED, Cancelled.CANCELLED):
                await refund(self.quotas, status, State(ended))  # as its answer would have
            await self._forget_job(status)
        log.info("user.jobs_forgotten", jobs=len(jobs))

    async def _drop_answer(self, job_id: str) -> bool:
        """Drop a job's answer that was set aside; returns whether there was one."""
        entries = [entry.id for entry in await self.answers.list_set_aside() if job_in(entry.payload) == job_id]
        return any([await self.answers.drop_set_aside(entry) for entry in entries])

    async def tick(self) -> None:
        """Erase cancelled jobs that have ended."""
        ids = [str(job_id) for job_id in await self.redis.smembers(self.keys.forgetting)]
        known = {status.job.id: status for status in await self.queue.statuses(ids)}
        if unknown := set(ids) - known.keys():
            await self.redis.srem(self.keys.forgetting, *unknown)
        for job_id, status in known.items():
            if status.state.final:
                await self._forget_job(status)
            else:
                await self.queue.cancel(job_id)

    async def _forget_job(self, status: Status) -> None:
        """Erase a job with its pictures, unless it still runs or still needs its answer."""
        job = status.job
        if status.state.final and await self._drop_answer(job.id):
            await self.queue.answered(job.id, ending=status.ending)
        now = await self.queue.status(job.id)
        if now is None or not now.answered:
            return
        refs = [input_ref(job.id, number) for number in range(MAX_PICTURES)]
        if status.result is not None:
            refs.append(status.result.picture)
        try:
            await self.store.erase(job.id, *refs)
        except PictureStoreUnavailableError as error:  # `tick` tries again
            log.warning("user.pictures_not_erased", job=job.id, error=str(error))
            return
        await self.redis.unlink(self.keys.judged(job.id))
        if job.reply is not None:
            await self.replies.forget_answer(Source.of_job(job.reply))
        if not await self.queue.forget_job(job.id):
            return
        if job.reply is not None:  # an answer that waits apart finds no job and is dropped
            await self.answers.make_due_apart(str(job.reply.chat_id))
        await self.redis.srem(self.keys.forgetting, job.id)
