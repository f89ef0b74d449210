"""Users' quotas: free jobs per day, and granted or bought ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_jobs.redis.scripts import Scripts, named

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

BOUGHT = "stars "
"""Prefix of the names of bought lots of jobs."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A user's remaining jobs."""

    per_day: int
    used: int
    """Free jobs used today."""
    bought: int
    """Granted and bought jobs left; they don't expire."""
    resets_in: float
    """Seconds until the day ends, at 00:00 UTC."""

    @property
    def today(self) -> int:
        """Free jobs left today."""
        return max(0, self.per_day - self.used)

    @property
    def left(self) -> int:
        """Jobs left now."""
        return self.today + self.bought


def scripts(redis: Redis, keys: BotKeys) -> Scripts:
    """Return the scripts that change a user's account."""
    return Scripts(redis, Path(__file__).parent / "lua", {"account_prefix": keys.account_prefix}.__getitem__)


class Quotas:
    """The quotas of all users.

    A charge lasts while its job is unfinished: repeating a request after midnight doesn't charge it again, but
    repeating it after the job has ended does. If `per_day` is None, nothing is limited or counted.
    """

    personal_data = (
        PersonalData(
            "how many of today's free jobs are used",
            "free_used",
            until="00:00 UTC",
            stays="otherwise `/forget` would grant new ones",
        ),
        PersonalData(
            "IDs of jobs given back because moderation refused the result, or because they were cancelled early",
            "free_used",
            seconds=2 * 86_400,
            stays="otherwise `/forget` would allow more of them",
        ),
        PersonalData(
            "which day, grant or pack a job was charged to", "charged", until="it is answered", seconds=timeouts.CHARGE
        ),
        PersonalData("granted jobs", "lots", until="they are used"),
        PersonalData("bought jobs", "lots", until="they are used", stays="they are paid for"),
    )

    def __init__(self, redis: Redis, keys: BotKeys, *, per_day: int | None, exempt: frozenset[int]) -> None:
        self._redis = redis
        self._keys = keys
        self._per_day = per_day
        self._exempt = exempt
        self._scripts = scripts(redis, keys)

    def limited(self, user_id: int) -> bool:
        """Return whether a user's jobs are counted."""
        return self._per_day is not None and user_id not in self._exempt

    async def charge(self, user_id: int, job_id: str) -> Quota | None:
        """Charge a job, once; returns the quota if it's used up."""
        if not self.limited(user_id):
            return None
        charged, quota = await self._ask(user_id, job_id)
        return None if charged else quota

    async def of(self, user_id: int) -> Quota | None:
        """Return a user's quota; None if there's no limit."""
        if not self.limited(user_id):
            return None
        _charged, quota = await self._ask(user_id, "")
        return quota

    async def give_back(self, user_id: int, job_id: str) -> str | None:
        """Refund a job's charge, once; returns the lot that gets it back, or None."""
        charged_to = str(await self._scripts.run("give_back", user=str(user_id), job=job_id))
        return None if not charged_to or charged_to.startswith("free:") else charged_to

    async def give_back_withheld(self, user_id: int, job_id: str) -> bool:
        """Refund a job whose result moderation refused; False if the user has had enough refunds today.

        Repeating the call for a job returns the same.
        """
        return await self._give_back_some(user_id, job_id, "withheld", most=3)

    async def give_back_cancelled(self, user_id: int, job_id: str) -> bool:
        """Refund a job that was cancelled soon after it began; False if as many as there are free jobs were, today.

        Repeating the call for a job returns the same.
        """
        return await self._give_back_some(user_id, job_id, "cancelled", most=self._per_day or 0)

    async def _give_back_some(self, user_id: int, job_id: str, kind: str, *, most: int) -> bool:
        return bool(await self._scripts.run("give_back_some", user=str(user_id), job=job_id, kind=kind, most=most))

    async def settle(self, user_id: int, job_id: str) -> None:
        """Make a job's charge final: its user has the result."""
        if self.limited(user_id):
            await self._redis.hdel(self._keys.charged(user_id), job_id)

    async def add_lot(self, user_id: int, lot: str, jobs: int) -> None:
        """Add a lot of jobs; repeating the call while some of it is left changes nothing."""
        await self._redis.hsetnx(self._keys.lots(user_id), lot, str(jobs))

    async def forget(self, user_id: int) -> None:
        """Erase a user's charges and granted lots. Bought jobs and today's count of free ones stay."""
        await self._redis.unlink(self._keys.charged(user_id))
        lots = self._keys.lots(user_id)
        granted_lots = [str(lot) for lot in await self._redis.hkeys(lots) if not str(lot).startswith(BOUGHT)]
        if granted_lots:
            await self._redis.hdel(lots, *granted_lots)

    async def _ask(self, user_id: int, job_id: str) -> tuple[bool, Quota]:
        per_day = self._per_day or 0
        charge = {"user": str(user_id), "job": job_id, "per_day": per_day, "remembered": timeouts.CHARGE}
        reply = named(await self._scripts.run("charge", **charge))
        return bool(reply["charged"]), Quota(per_day, reply["used"], reply["bought"], reply["resets_in"] / 1000)
