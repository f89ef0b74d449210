"""Ids and signatures of this bot's jobs: nobody who lacks the bot's token can compute one."""

from __future__ import annotations

import hashlib
import hmac

from qwenedit_jobs import job_id

_PURPOSE = b"qwenedit: ids of jobs, version 1"
"""Tells this use of the token from any other."""


class JobIds:
    """Derives ids of jobs from messages, with a key that is derived from the bot's token.

    With another token of the same bot, ids are other ones: jobs that were accepted with the old one aren't answered.

    Args:
        token: The bot's. Only what is derived from it is kept.
    """

    def __init__(self, token: str) -> None:
        self._key = hmac.digest(token.encode(), _PURPOSE, hashlib.sha256)

    def __call__(self, chat_id: int, message_id: int, discriminator: str = "") -> str:
        """Return the id of the job that a message asks for; see `qwenedit_jobs.job_id`."""
        return job_id(chat_id, message_id, key=self._key, discriminator=discriminator)

    def signed(self, job_id: str, text: str) -> str:
        """Sign a text of the bot's own that is kept with a job, where workers may write as well."""
        return f"{self._signature(job_id, text)} {text}"

    def proven(self, job_id: str, signed: str) -> str:
        """Return the text that was signed for this job; nothing where it wasn't."""
        signature, _, text = signed.partition(" ")
        return text if signature == self._signature(job_id, text) else ""

    def _signature(self, job_id: str, text: str) -> str:
        return hmac.digest(self._key, f"{job_id} {text}".encode(errors="surrogatepass"), hashlib.sha256).hex()
