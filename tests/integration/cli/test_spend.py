"""`qwenedit spend`: what workers have reported, as a table, as CSV and for programs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from qwenedit_jobs.workers.ledger import Entry, Report
from qwenedit_jobs.workers.registry import Workers

HOUR = 3_600_000


async def month_of(desk, *, before=0):
    now = datetime.fromtimestamp(await desk.queue.now(), UTC)
    months = now.year * 12 + now.month - 1 - before
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)


async def report(desk, *entries):
    """Have a worker report activities of the first and second day of last month."""
    first = await month_of(desk, before=1)
    told = tuple(
        Entry(first.timestamp() + hour * 3_600.0, price, activity, workflow, amount)
        for hour, price, activity, workflow, amount in entries
    )
    await Workers(desk.redis, desk.keys).report("w", Report("process", 1, told))
    return f"{first:%Y-%m}"


SPENT = (
    (9, "0.8", "starting", "", HOUR // 2), (9, "0.8", "idle", "", HOUR // 2), (10, "0.8", "editing", "fast", HOUR),
    (10, "0.8", "pictures", "fast", 100), (33, "1.2", "editing", "slow", HOUR), (33, "1.2", "lost", "slow", HOUR),
    (33, "1.2", "pictures", "slow", 20),
)  # fmt: skip


async def test_table_has_shares_pictures_and_cost_at_the_price_of_then(desk):
    month = await report(desk, *SPENT)
    said = await desk.ask("spend", "--month", month)
    assert said.code == 0
    lines = [line.split() for line in said.out.splitlines()]
    heads = "DAY GPU HOURS STARTING LOADING EDITING IDLE LOST PICTURES COST A PICTURE"
    assert lines[0] == heads.split()
    shares = "25.0 % 0.0 % 50.0 % 25.0 % 0.0 %"
    assert " ".join(lines[1]) == f"{month}-01 2.00 {shares} 100 1.60 0.0160"
    assert " ".join(lines[2]) == f"{month}-02 2.00 0.0 % 0.0 % 50.0 % 0.0 % 50.0 % 20 2.40 0.1200"
    assert " ".join(lines[3]) == "total 4.00 12.5 % 0.0 % 50.0 % 12.5 % 25.0 % 120 4.00 0.0333"
    assert "An hour of a GPU cost 0.8 or 1.2 at the time." in said.out


async def test_csv_of_workflows_has_numbers_alone(desk):
    month = await report(desk, *SPENT)
    rows = list(csv.DictReader(io.StringIO((await desk.ask("spend", "--month", month, "--by=workflow", "--csv")).out)))
    assert [(row["workflow"], row["gpu_seconds"], row["pictures"], row["cost"]) for row in rows] == [
        ("(no job)", "3600.0", "0", "0.8"), ("fast", "3600.0", "100", "0.8"), ("slow", "7200.0", "20", "2.4"),
    ]  # fmt: skip
    assert [row["cost_a_picture"] for row in rows] == ["", "0.008", "0.12"]
    total = (await desk.ask("spend", "--month", month, "--by", "hour", "--json")).json
    assert total["total"]["cost"] == 4.0
    assert [row["hour"][-5:] for row in total["rows"]] == ["09:00", "10:00", "09:00"]


async def test_seconds_without_a_price_cost_nothing_and_are_told(desk):
    month = await report(desk, (9, "0", "editing", "fast", HOUR), (9, "0", "pictures", "fast", 10))
    said = await desk.ask("spend", "--month", month)
    assert "COST" not in said.out
    assert "No price was known for 1.00 GPU hours: set GPU_HOURLY_PRICE (gpu.hourlyPrice)." in said.out
    assert (await desk.ask("spend", "--month", month, "--json")).json["total"]["cost"] is None


async def test_month_without_anything_says_so(desk):
    said = await desk.ask("spend")
    assert (said.code, said.out) == (
        0,
        f"Nothing was spent in {await month_of(desk):%Y-%m}: no worker has reported anything.\n",
    )
    assert (await desk.ask("spend", "--csv")).out.count("\n") == 1


@pytest.mark.parametrize(("before", "words"), [(-1, "has not begun"), (13, "goes back to")])
async def test_month_that_cannot_be_told_is_refused(before, words, desk):
    said = await desk.ask("spend", "--month", f"{await month_of(desk, before=before):%Y-%m}")
    assert said.code == 1
    assert words in said.err


@pytest.mark.parametrize(
    "words",
    [("--month", "2026-13"), ("--month", "October"), ("--month", "0000-10"), ("--by", "user"), ("--csv", "--json")],
)
async def test_command_line_that_makes_no_sense_is_refused(words, desk):
    assert (await desk.ask("spend", *words)).code == 2


async def test_entry_of_another_release_is_left_out(desk):
    month = await report(desk, (9, "0.8", "editing", "fast", HOUR))
    day = f"{desk.keys.spent_prefix}{month}-01"
    await desk.redis.hset(day, mapping={"9 x": "1", "nine 0.8 idle f": "5", "9 cheap idle f": "5", "9 0.8 idle f": "x"})
    await desk.redis.hset(day, "10 0.8 dreaming fast", str(HOUR))
    for endless in ("NaN", "Infinity", "1e999999", "9" * 400):
        await desk.redis.hset(day, f"11 {endless} idle fast", str(HOUR))
    await desk.redis.hset(day, "11 0.8 idle fast", "9" * 4_000)
    total = (await desk.ask("spend", "--month", month, "--json")).json["total"]
    assert (total["gpu_seconds"], total["cost"]) == (7200.0, 1.6)


async def test_largest_numbers_that_an_entry_may_have_are_told(desk):
    month = await report(desk, (9, "0.8", "editing", "fast", HOUR))
    day = f"{desk.keys.spent_prefix}{month}-01"
    await desk.redis.hset(day, "10 999999999999999 editing fast", "9" * 15)
    for form in ((), ("--json",), ("--csv",)):
        assert (await desk.ask("spend", "--month", month, *form)).code == 0
