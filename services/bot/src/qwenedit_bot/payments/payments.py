"""What users have paid, and the jobs that they got for it. A payment counts once, however often Telegram reports it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from qwenedit_bot.common.retention import PersonalData
from qwenedit_bot.payments.packs import BOUGHT
from qwenedit_bot.payments.quotas import scripts

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from qwenedit_bot.common.keys import BotKeys
    from qwenedit_bot.payments.packs import Pack

REMEMBERED = 3 * 365 * 86_400
"""Seconds after a user's last payment until it is forgotten: accounts have to be kept, and refunds to be possible."""


class Paid(StrEnum):
    """What became of a payment that Telegram told of."""

    CREDITED = "credited"
    KNOWN = "known"
    """It was credited before."""
    REFUNDED = "refunded"
    """It went back, which Telegram may tell first: nothing is credited."""


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment of a user."""

    charge: str
    """Telegram's name of it."""
    jobs: int
    """0 while only its refund is known."""
    stars: int
    at: int
    """When, in seconds since the epoch."""
    left: int
    """Jobs of it that are not used yet."""
    refunded: int = 0
    """When it went back, in seconds since the epoch; 1 if an earlier release didn't note the time, 0 if it didn't."""


class Payments:
    """The payments of all users.

    Args:
        redis: A client that decodes replies.
        keys: Names of the bot's keys.
    """

    personal_data = (
        PersonalData(
            what="payments, from the last one on",
            keys=("payments",),
            seconds=REMEMBERED,
            stays="tax law has the operator keep accounts, and refunds need them",
            told="paid",
        ),
    )

    def __init__(self, redis: Redis, keys: BotKeys) -> None:
        self._redis = redis
        self._keys = keys
        self._scripts = scripts(redis, keys)

    async def paid(self, user_id: int, charge: str, pack: Pack, *, at: int) -> Paid:
        """Note a payment and give its jobs, once, and unless it went back."""
        record = json.dumps({"jobs": pack.jobs, "stars": pack.stars, "at": at})
        told = await self._scripts.run(
            "paid", user=str(user_id), charge=charge, record=record, lot=f"{BOUGHT}{charge}", jobs=pack.jobs,
            remembered=REMEMBERED,
        )  # fmt: skip
        return Paid(str(told))

    async def refunded(self, user_id: int, charge: str, *, stars: int, at: int, now: int) -> int | None:
        """Note that a payment went back and take the rest of its jobs.

        Args:
            user_id: Who had paid.
            charge: Telegram's name of the payment. It need not be known yet, and credits nothing when it is told.
            stars: How many went back.
            at: When it was paid, in seconds since the epoch.
            now: When it went back.

        Returns:
            How many jobs were taken back; None when that was done before.
        """
        tombstone = json.dumps({"jobs": 0, "stars": stars, "at": at, "refunded": now})
        told = await self._scripts.run(
            "refunded", user=str(user_id), charge=charge, lot=f"{BOUGHT}{charge}", tombstone=tombstone,
            now=now, remembered=REMEMBERED,
        )  # fmt: skip
        taken = int(told)
        return None if taken < 0 else taken

    async def of(self, user_id: int) -> list[Payment]:
        """Return a user's payments, newest first."""
        records = await self._redis.hgetall(self._keys.payments(user_id))
        lots = await self._redis.hgetall(self._keys.lots(user_id))
        found = [
            Payment(
                charge, record["jobs"], record["stars"], record["at"], int(lots.get(f"{BOUGHT}{charge}", 0)),
                refunded=int(record.get("refunded", 0)),
            )
            for charge, record in ((str(charge), json.loads(record)) for charge, record in records.items())
        ]  # fmt: skip
        return sorted(found, key=lambda payment: payment.at, reverse=True)
