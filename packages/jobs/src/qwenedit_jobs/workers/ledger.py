"""The ledger of GPU seconds: what the workers' GPUs were spent on, by hour, for thirteen months."""

from __future__ import annotations

import calendar
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from qwenedit_jobs.redis.scripts import scripts_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from redis.asyncio import Redis

    from qwenedit_jobs.keys import Keys

SCRIPTS = scripts_in(Path(__file__).parent / "lua")
MONTHS_KEPT = 13
"""This one and those before it that are kept whole."""
PICTURES = "pictures"
"""The activity whose amounts are pictures and no milliseconds."""
_FIELD = re.compile(r"(\d{1,2}) (\d{1,15}(?:\.\d{1,30})?) (\S+) (.*)", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,15}", re.ASCII)
"""No number without end or measure, which nobody could add up."""
LOST = "lost"
"""The activity of attempts whose worker was lost, or whose job went to another one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one activity of a worker took of an hour."""

    at: float
    """Seconds since the epoch, by Redis' clock, somewhere in the hour."""
    price: str
    """What an hour of the GPU cost then, a decimal number; 0 is unknown."""
    activity: str
    workflow: str
    """Empty for what was no job's."""
    amount: int
    """Milliseconds, or pictures."""
    attempt: str = ""
    """Token of the attempt in hand that it belongs to; empty where that has ended."""

    def written(self) -> tuple[str, str, int, str]:
        """Return it as the script takes it."""
        when = datetime.fromtimestamp(self.at, UTC)
        return f"{when:%Y-%m-%d}", f"{when:%H} {self.price} {self.activity} {self.workflow}", self.amount, self.attempt


@dataclass(frozen=True, slots=True)
class Report:
    """What a worker adds to the ledger. It may be sent again as it is, and counts once."""

    process: str
    """Names the worker's process, and no other one ever."""
    number: int
    """1 for its first, each one more than the last."""
    entries: tuple[Entry, ...]
    lost: tuple[str, ...] = ()
    """Tokens of attempts whose work was lost; their earlier entries become `LOST`."""

    def written(self) -> str:
        """Return it as the script takes it."""
        entries = [entry.written() for entry in self.entries]
        return json.dumps({"process": self.process, "number": self.number, "entries": entries, "lost": self.lost})


@dataclass(frozen=True, slots=True)
class Spent:
    """One amount of the ledger."""

    day: str
    """Such as 2026-11-27, in UTC."""
    hour: int
    price: Decimal
    activity: str
    workflow: str
    amount: int


class Ledger:
    """The ledger, for who reads it and for who learns of lost attempts.

    Args:
        redis: A client that decodes replies.
        keys: The installation's key names.
    """

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._note_lost = redis.register_script(SCRIPTS["note_lost"])

    async def note_lost(self, token: str) -> str:
        """Have what was spent on an attempt count as lost; repeating it changes nothing.

        Returns:
            Why that could not be done, or not wholly; empty where it was.
        """
        return str(await self._note_lost(args=(*self._keys.of_ledger, token)))

    async def month(self, year: int, month: int) -> list[Spent]:
        """Return all amounts of a month, in UTC, by time."""
        days = [f"{year:04}-{month:02}-{day:02}" for day in range(1, calendar.monthrange(year, month)[1] + 1)]
        pipeline = self._redis.pipeline(transaction=False)
        for day in days:
            pipeline.hgetall(f"{self._keys.spent_prefix}{day}")
        found: Sequence[Mapping[str, str]] = await pipeline.execute()
        return [
            spent for day, fields in zip(days, found, strict=True) for item in sorted(fields.items())
            if (spent := _read(day, *item)) is not None
        ]  # fmt: skip


def _read(day: str, field: str, amount: str) -> Spent | None:
    """Read one; None for what another release or another hand wrote, and for what is no more."""
    found, spent = _FIELD.fullmatch(field), _AMOUNT.fullmatch(amount)
    if found is None or spent is None or not int(amount):
        return None
    hour, price, activity, workflow = found.groups()
    return Spent(day, int(hour), Decimal(price), activity, workflow, int(amount))
