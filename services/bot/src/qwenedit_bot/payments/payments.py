"""Users' payments and the jobs they bought. A payment is credited once, however often Telegram reports it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from qwenedit_bot.common import timeouts
from qwenedit_bot.common.personal_data import PersonalData
from qwenedit_bot.payments.quotas import BOUGHT, scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys

_WRITTEN = re.compile(r"([0-9]{1,5}):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Pack:
    """A number of jobs that the operator sells for Telegram Stars."""

    jobs: int
    stars: int

    @classmethod
    def parse(cls, written: str) -> Self:
        """Parse `jobs:stars`.

        Raises:
            ValueError: it has another form or is out of range.
        """
        match = _WRITTEN.fullmatch(written.strip())
        pack = cls(*map(int, match.groups())) if match is not None else None
        if pack is None or not (1 <= pack.jobs <= 10_000 and 1 <= pack.stars <= 10_000):  # Telegram allows more
            raise ValueError("each pack is written as jobs:stars, such as 10:50, with 1 to 10000 of each")
        return pack

    def __str__(self) -> str:
        """Return the form that `parse` reads."""
        return f"{self.jobs}:{self.stars}"


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of a user."""

    charge: str
    """Telegram's ID of the payment."""
    jobs: int
    """0 if only its refund is known."""
    stars: int
    at: int
    """When, in seconds since the epoch."""
    left: int
    """Its unused jobs."""
    refunded: int = 0
    """When it was refunded, in seconds since the epoch; 0 if it wasn't, 1 if an earlier release noted no time."""


class Payments:
    """The payments of all users."""

    personal_data = (
        PersonalData(
            "payments, counted from the last one",
            "payments",
            seconds=timeouts.PAYMENT,
            stays="tax law requires the operator to keep them, and refunds need them",
            told="paid",
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts(redis, keys)

    async def paid(self, user_id: int, charge: str, pack: Pack, *, at: int) -> bool:
        """Record a payment and credit its jobs, once; False if it was refunded, which Telegram may report first."""
        record = json.dumps({"jobs": pack.jobs, "stars": pack.stars, "at": at})
        outcome = await self._scripts.run("paid", **_named(user_id, charge), record=record, jobs=pack.jobs)
        return str(outcome) != "refunded"

    async def refunded(self, user_id: int, charge: str, *, stars: int, at: int, now: int) -> int | None:
        """Record a refund, and return how many unused jobs it removed; None if it was recorded before.

        If Telegram reports the payment later, it credits nothing.
        """
        tombstone = json.dumps({"jobs": 0, "stars": stars, "at": at, "refunded": now})
        jobs_left = await self._scripts.run("refunded", **_named(user_id, charge), tombstone=tombstone, now=now)
        jobs_taken = int(jobs_left)
        return None if jobs_taken < 0 else jobs_taken

    async def of(self, user_id: int) -> list[Payment]:
        """Return a user's payments, newest first."""
        records = await self._redis.hgetall(self._keys.payments(user_id))
        lots = await self._redis.hgetall(self._keys.lots(user_id))
        payments = (
            _payment(str(charge), json.loads(record), left=int(lots.get(f"{BOUGHT}{charge!s}", 0)))
            for charge, record in records.items()
        )
        return sorted(payments, key=lambda payment: payment.at, reverse=True)


def _named(user_id: int, charge: str) -> dict[str, str | int]:
    return {"user": str(user_id), "charge": charge, "lot": f"{BOUGHT}{charge}", "remembered": timeouts.PAYMENT}


def _payment(charge: str, record: dict[str, int], *, left: int) -> Payment:
    return Payment(charge, record["jobs"], record["stars"], record["at"], left, refunded=record.get("refunded", 0))


@dataclass(frozen=True, slots=True)
class Shop:
    """The packs on offer and the payments for them."""

    packs: tuple[Pack, ...]
    """If empty, nothing is on offer; bought jobs stay valid."""
    support: str
    """Contact for questions about payments."""
    payments: Payments
