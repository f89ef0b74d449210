"""Ids of jobs, and which jobs the bot answers: those that it accepted, whatever a worker writes into Redis.

A job's id is an HMAC of its message, with a key that is derived from the bot's token, so that nobody can guess it. What
the bot accepted under that id it has on record, where workers can't write; see `qwenedit_jobs.queue.intake`.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from cachetools import LRUCache

from qwenedit_jobs import Acceptance, Status, job_id
from qwenedit_jobs.queue.operator_queue import OperatorQueue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from redis.asyncio import Redis

    from qwenedit_jobs import Keys

_PURPOSE = b"qwenedit: ids of jobs, version 1"
"""Separates this use of the token from any other."""

log = structlog.get_logger(__name__)


class JobIds:
    """Derives ids of jobs from messages, with a key that is derived from the bot's token.

    With another token of the same bot, ids are other ones: jobs that were accepted with the old one aren't answered.
    """

    def __init__(self, token: str) -> None:
        self._key = hmac.digest(token.encode(), _PURPOSE, hashlib.sha256)

    def __call__(self, chat_id: int, message_id: int, discriminator: str = "") -> str:
        """Return the id of the job that a message asks for; see `qwenedit_jobs.job_id`."""
        return job_id(chat_id, message_id, key=self._key, discriminator=discriminator)

    def signed(self, job_id: str, text: str) -> str:
        """Sign a text that is stored with a job, where workers can write too."""
        return f"{self._signature(job_id, text)} {text}"

    def proven(self, job_id: str, signed: str) -> str:
        """Return the text that was signed for this job; empty if the signature is wrong."""
        signature, _, text = signed.partition(" ")
        return text if signature == self._signature(job_id, text) else ""

    def _signature(self, job_id: str, text: str) -> str:
        return hmac.digest(self._key, f"{job_id} {text}".encode(errors="surrogatepass"), hashlib.sha256).hex()


class AddressedQueue(OperatorQueue):
    """The queue, in which a job that the bot didn't accept has no `reply`: nobody waits for it.

    A job of the release before, which kept no record, counts as accepted if its id and its address fit; its sources are
    signed.
    """

    def __init__(self, redis: Redis, keys: Keys, *, ids: JobIds, picture_ttl: int) -> None:
        super().__init__(redis, keys, picture_ttl=picture_ttl)
        self._ids = ids
        self._logged: LRUCache[str, bool] = LRUCache(10_000)  # forged jobs, each of which is logged once

    async def statuses(self, job_ids: Iterable[str]) -> list[Status]:
        """Return several jobs; many are read in parts, so as not to block the process."""
        ids, statuses = list(job_ids), list[Status]()
        for start in range(0, len(ids), 25):  # about 10 ms, in which the event loop does nothing else
            statuses += await super().statuses(ids[start : start + 25])
        return [self._proven(status) for status in statuses]

    def _proven(self, status: Status) -> Status:
        job, reply = status.job, status.job.reply
        status = replace(status, sources=self._ids.proven(job.id, status.sources))
        if status.acceptance is Acceptance.RECORDED or reply is None:
            return status
        fits = self._ids(reply.chat_id, reply.source_message_id, reply.discriminator) == job.id
        if status.acceptance is Acceptance.OLDER and fits:
            return status
        if job.id not in self._logged:
            log.error("job.forged", job=job.id, state=status.state)
            self._logged[job.id] = True
        return replace(status, job=job.model_copy(update={"reply": None}))
