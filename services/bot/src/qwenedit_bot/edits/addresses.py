"""Checks that a job's answer goes where the bot was asked for it, whatever a worker writes into Redis.

Somebody with the workers' Redis password can write a whole job, with the chat and the message of its answer. A job's
id is an HMAC of that address, and its key is derived from the bot's token. So a job whose id doesn't fit its address
was made up or changed, and isn't answered. The bot signs where a job's photos came from with the same key: otherwise a
worker could name anybody's photos there, for the job that its user asks for next.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog
from cachetools import LRUCache

from qwenedit_jobs import Status, job_id
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
    """The queue, in which a job with a forged address has no `reply`, and one with forged sources has none."""

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
        if reply is None or self._ids(reply.chat_id, reply.source_message_id, reply.discriminator) == job.id:
            return status
        if job.id not in self._logged:
            log.error("job.forged", job=job.id, state=status.state)
            self._logged[job.id] = True
        return replace(status, job=job.model_copy(update={"reply": None}))
