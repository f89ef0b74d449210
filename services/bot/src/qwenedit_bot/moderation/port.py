"""What the bot asks of moderation: may this instruction be carried out, may this result be shown?"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


class Verdict(StrEnum):
    """What the judge says."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    UNCHECKED = "unchecked"
    """The judge could not be asked, and the operator wants nothing to pass unchecked."""


class Moderation(Protocol):
    """Judges. May raise `redis.exceptions.RedisError`, and may then be asked again."""

    async def of_request(self, job_id: str, instruction: str, pictures: Sequence[bytes]) -> Verdict:
        """Judge a wish before it becomes a job."""

    async def of_result(self, job_id: str, instruction: str, picture: bytes) -> Verdict:
        """Judge a result before the bot shows it. The verdict is remembered: a job has one result."""

    async def withheld(self, job_id: str) -> Verdict | None:
        """Return why a job's result may not be shown, where that was found before."""


class Unmoderated:
    """Everything is allowed: nobody is there to be asked."""

    async def of_request(self, _job_id: str, _instruction: str, _pictures: Sequence[bytes]) -> Verdict:
        """Allow it."""
        return Verdict.ALLOWED

    async def of_result(self, _job_id: str, _instruction: str, _picture: bytes) -> Verdict:
        """Allow it."""
        return Verdict.ALLOWED

    async def withheld(self, _job_id: str) -> Verdict | None:
        """Nothing was found before."""
        return None
