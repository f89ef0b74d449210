"""`qwenedit spend`: what the GPUs were paid for in a month, and what a picture cost."""

from __future__ import annotations

import argparse
import csv
import io
import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from qwenedit_jobs.cli.output import Answer, CommandError
from qwenedit_jobs.cli.tables import table
from qwenedit_jobs.workers.ledger import LOST, MONTHS_KEPT, PICTURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwenedit_jobs.workers.ledger import Ledger, Spent

ACTIVITIES = ("starting", "loading", "editing", "idle", LOST)
NO_JOB = "(no job)"
TOTAL = "total"
AN_HOUR = Decimal(3_600_000)
"""Milliseconds."""
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


class By(StrEnum):
    """What a row is about."""

    DAY = "day"
    HOUR = "hour"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month in UTC."""

    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Month:
        """Read one as the command line has it.

        Raises:
            ArgumentTypeError: it is none.
        """
        found = _MONTH.fullmatch(text)
        if found is None or not int(found[1]):
            raise argparse.ArgumentTypeError(f"{text!r} is no month such as 2026-10")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def at(cls, seconds: float, *, before: int = 0) -> Month:
        """Return the month of a time, or one that was so many months before."""
        when = datetime.fromtimestamp(seconds, UTC)
        months = when.year * 12 + when.month - 1 - before
        return cls(months // 12, months % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


@dataclass(slots=True)
class Row:
    """What was spent in an hour or on a day, or on a workflow."""

    name: str
    milliseconds: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    """By activity."""
    pictures: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    """Milliseconds of which no price is known."""

    def add(self, spent: Spent) -> None:
        """Add an amount."""
        if spent.activity == PICTURES:
            self.pictures += spent.amount
            return
        self.milliseconds[spent.activity] += spent.amount
        self.cost += spent.amount / AN_HOUR * spent.price
        if not spent.price:
            self.unpriced += spent.amount

    @property
    def total(self) -> int:
        """Milliseconds."""
        return sum(self.milliseconds.values())

    @property
    def priced(self) -> bool:
        """Whether there is anything of which a price is known."""
        return self.unpriced < self.total

    def told(self) -> dict[str, object]:
        """Return it for a program: seconds, and numbers in the operator's currency; null where no price is known."""
        return {
            "gpu_seconds": self.total / 1000,
            **{f"{activity}_seconds": self.milliseconds[activity] / 1000 for activity in ACTIVITIES},
            "pictures": self.pictures,
            "cost": round(float(self.cost), 6) if self.priced else None,
            "cost_a_picture": round(float(self.cost / self.pictures), 6) if self.priced and self.pictures else None,
            "unpriced_seconds": self.unpriced / 1000,
        }

    def shown(self) -> tuple[str, ...]:
        """Return it as a line of the table."""
        total = self.total
        return (
            self.name,
            f"{total / AN_HOUR:.2f}",
            *(f"{100 * self.milliseconds[activity] / total:.1f} %" if total else "" for activity in ACTIVITIES),
            str(self.pictures),
            f"{self.cost:.2f}" if self.priced else "",
            f"{self.cost / self.pictures:.4f}" if self.priced and self.pictures else "",
        )


async def spend(ledger: Ledger, month: Month | None, *, by: By, as_csv: bool, now: float) -> Answer:
    """Tell what was spent in a month, this one unless another is named.

    Raises:
        CommandError: the month has not begun, or is not kept any more.
    """
    this = Month.at(now)
    month = month or this
    if month > this:
        raise CommandError(f"{month} has not begun: it is {this} in UTC")
    if month < (first := Month.at(now, before=MONTHS_KEPT - 1)):
        raise CommandError(f"{month} is not kept any more: the ledger goes back to {first}")
    amounts = await ledger.month(month.year, month.number)
    rows, total = _rows(amounts, by)
    data = {"month": str(month), "by": by, "rows": [{by.value: row.name, **row.told()} for row in rows],
            TOTAL: total.told()}  # fmt: skip
    if as_csv:
        return Answer(data, _as_csv(rows, by))
    if not rows:
        return Answer(data, f"Nothing was spent in {month}: no worker has reported anything.")
    heads = (by.upper(), "GPU HOURS", *map(str.upper, ACTIVITIES), "PICTURES", "COST", "A PICTURE")
    text = table(heads, [row.shown() for row in (*rows, total)])
    return Answer(data, "\n".join([text, "", *_notes(amounts, total, month)]))


def _rows(amounts: Sequence[Spent], by: By) -> tuple[list[Row], Row]:
    rows: dict[str, Row] = {}
    total = Row(TOTAL)
    for spent in amounts:
        name = {
            By.DAY: spent.day,
            By.HOUR: f"{spent.day} {spent.hour:02}:00",
            By.WORKFLOW: spent.workflow or NO_JOB,
        }[by]
        for row in (rows.setdefault(name, Row(name)), total):
            row.add(spent)
    return [rows[name] for name in sorted(rows)], total


def _as_csv(rows: Sequence[Row], by: By) -> str:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow([by.value, *Row("").told()])
    for row in rows:
        writer.writerow([row.name, *row.told().values()])
    return lines.getvalue().rstrip("\n")


def _notes(amounts: Sequence[Spent], total: Row, month: Month) -> list[str]:
    prices = sorted({spent.price for spent in amounts if spent.price})
    notes = [f"{month} in UTC, as workers have reported it."]
    if prices:
        notes.append(f"An hour of a GPU cost {' or '.join(f'{price:f}' for price in prices)} at the time.")
    if total.unpriced:
        hours = total.unpriced / AN_HOUR
        notes.append(f"No price was known for {hours:.2f} GPU hours: set GPU_HOURLY_PRICE (gpu.hourlyPrice).")
    return notes
