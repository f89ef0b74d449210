"""The ledger of GPU seconds: each counts once, whatever is repeated, and goes to `lost` with its attempt."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections import Counter
from datetime import UTC, datetime

import pytest

from qwenedit_jobs import Settled
from qwenedit_jobs.workers.ledger import Ledger
from qwenedit_jobs.workers.registry import Presence, Workers
from qwenedit_worker.comfyui import SystemStats
from qwenedit_worker.health.heartbeat import Heartbeat
from qwenedit_worker.redis_link import translate_errors
from qwenedit_worker.telemetry.gpu_ledger import IDLE_TOLD_EVERY, GpuLedger
from qwenedit_worker.telemetry.gpu_time import GpuTime

NOON = datetime(2026, 10, 31, 12, tzinfo=UTC).timestamp()


class Clock:
    """Redis', of which a test's worker learns; the machine's own is an hour behind."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Stats:
    """A ComfyUI that tells its version."""

    async def system_stats(self):
        return SystemStats(version="0.27.0", device="RTX 4090", vram_total=24, vram_free=3)


class Desk:
    """A worker's account, and the ledger that it reports to."""

    def __init__(self, bench):
        self.clock = Clock()
        self.workers, self.kept = Workers(bench.redis, bench.keys), Ledger(bench.redis, bench.keys)
        self.gpu, self.ledger = self.begin()

    def begin(self):
        gpu = GpuTime(age=0, clock=self.clock)
        ledger = GpuLedger(gpu, wall=lambda: NOON + self.clock.now, clock=self.clock)
        ledger.set_price(0.8)
        return gpu, ledger

    async def send(self, *, everything=True):
        """Report without hearing of it, as where the reply is lost."""
        return await self.workers.report("w", self.ledger.report(everything=everything))

    async def spent(self, **told):
        found: Counter[str] = Counter()
        for each in await self.kept.month(2026, 10) + await self.kept.month(2026, 11):
            if all(getattr(each, name) == value for name, value in told.items()):
                found[each.activity] += each.amount
        return {activity: amount for activity, amount in found.items() if amount}


@pytest.fixture
def desk(bench):
    return Desk(bench)


async def report(desk, **options):
    heard = await desk.send(**options)
    assert heard.refused == ""
    desk.ledger._unheard = None  # as `heard` does, but for the clock: Redis' is today's
    return heard


async def test_report_that_is_sent_again_counts_once_also_when_an_older_copy_comes_late(desk):
    desk.clock.now += 5
    await desk.send()
    first = desk.ledger.report()
    desk.clock.now += 4
    await report(desk)  # the same once more, its reply was lost
    await report(desk)
    await desk.workers.report("w", first)
    assert await desk.spent() == {"starting": 9_000}


async def test_seconds_are_told_by_hour_workflow_and_price_of_then(desk):
    desk.gpu.ready(yes=True)
    desk.clock.now += 3_590
    await report(desk)
    with desk.gpu.job(token="t", workflow=lambda: "fast flow") as job:
        desk.clock.now += 10
        job.loads()
        desk.clock.now += 20
        job.edits()
    desk.ledger.ended(job, Settled.DONE)
    desk.ledger.set_price(10)
    await report(desk)
    assert await desk.spent(hour=12) == {"idle": 3_590_000}
    assert await desk.spent(hour=13, workflow="fast flow") == {"editing": 10_000, "loading": 20_000, "pictures": 1}
    assert {str(each.price) for each in await desk.kept.month(2026, 10)} == {"0.8", "10"}
    assert await desk.kept.month(2026, 9) == []


async def test_month_ends_at_midnight_in_utc(desk):
    desk.clock.now += 12 * 3600 - 1
    await report(desk)
    desk.clock.now += 1
    await report(desk)
    assert [(each.day, each.amount) for each in await desk.kept.month(2026, 11)] == [("2026-11-01", 1_000)]


async def test_attempt_of_a_killed_worker_is_lost_once_with_what_was_reported_of_it(desk):
    with desk.gpu.job(token="one", workflow=lambda: "f") as job:
        job.loads()
        desk.clock.now += 7
        await report(desk)
        job.edits()
        desk.clock.now += 5
        await report(desk)
    assert await desk.spent() == {"loading": 7_000, "editing": 5_000}
    for _ in range(2):
        await desk.kept.note_lost("one")
    await desk.kept.note_lost("never reported")
    assert await desk.spent() == {"lost": 12_000}


async def test_attempt_that_has_gone_to_another_worker_is_lost_whoever_notes_it_first(desk):
    with desk.gpu.job(token="one", workflow=lambda: "f") as job:
        desk.clock.now += 7
        await report(desk)
        await desk.kept.note_lost("one")  # the bot, while the worker goes on
        desk.clock.now += 5
        await report(desk)
        desk.clock.now += 1
    desk.ledger.ended(job, Settled.LOST)
    await report(desk)
    assert await desk.spent() == {"lost": 13_000}


async def test_idle_worker_tells_once_a_minute_and_a_busy_one_each_time(desk):
    desk.gpu.ready(yes=True)
    desk.clock.now += IDLE_TOLD_EVERY - 1
    assert desk.ledger.report() is None
    desk.clock.now += 1
    await report(desk, everything=False)
    with desk.gpu.job():
        desk.clock.now += 1
        assert desk.ledger.report() is not None


async def test_days_are_kept_for_thirteen_months_and_the_rest_for_a_day(bench, desk):
    with desk.gpu.job(token="one", workflow=lambda: "f"):
        desk.clock.now += 7
        await report(desk)
    kept = {key: await bench.redis.ttl(key) for key in await bench.redis.keys("qwenedit:workers:*")}
    days = {key for key in kept if key.startswith("qwenedit:workers:spent:")}
    assert days == {"qwenedit:workers:spent:2026-10-31"}
    assert all(396 * 86_400 < kept[key] <= 400 * 86_400 for key in days)
    assert all(0 < kept[key] <= 86_400 for key in kept.keys() - days)


async def test_sign_of_life_stands_where_workers_may_not_write_into_the_ledger(bench, desk):
    await bench.redis.execute_command(
        "ACL", "SETUSER", "narrow", "on", ">word", "+@all", "~qwenedit:workers", "~qwenedit:workers:about"
    )
    narrow = bench.settings.model_copy(update={"redis_username": "narrow", "redis_password": None})
    client = bench.redis.__class__.from_url(narrow.redis_url, username="narrow", password="word", decode_responses=True)
    desk.clock.now += 5
    try:
        workers = Workers(client, bench.keys)
        presence = Presence(worker="w", since=1, ready=True, draining=False)
        heard = await workers.beat(presence, desk.ledger.report(everything=True))
        assert "NOPERM" in heard.refused or "permission" in heard.refused.lower()
        assert [seen.presence.worker for seen in await workers.seen()] == ["w"]
        desk.ledger.heard(heard)
    finally:
        await client.aclose()
        await bench.redis.execute_command("ACL", "DELUSER", "narrow")
    await report(desk)
    assert (await desk.spent())["starting"] == 5_000


async def test_attempts_are_let_go_while_redis_takes_no_report(desk):
    desk.clock.now += 1
    desk.ledger.report(everything=True)  # never heard
    jobs = []
    for _ in range(3):
        with desk.gpu.job(token="t", workflow=lambda: "f") as job:
            desk.clock.now += 1
            desk.ledger.report()
        desk.ledger.ended(job, Settled.DONE)
        jobs.append(weakref.ref(job))
    del job
    gc.collect()
    assert [each() for each in jobs] == [None] * 3
    assert desk.ledger.unreported == 4
    await report(desk)
    await report(desk)
    assert await desk.spent() == {"starting": 1_000, "editing": 3_000, "pictures": 3}


async def test_heartbeat_reports_what_ended_within_a_second_and_the_rest_when_the_worker_leaves(bench):
    async with bench.working() as part:
        heartbeat = Heartbeat(
            Presence(worker="w", since=1, ready=False, draining=False),
            register=translate_errors(Workers(bench.redis, bench.keys), part.link),
            server=Stats(), watch=part.watch, shutdown=bench.shutdown, ledger=bench.metrics.gpu_ledger,
        )  # fmt: skip
        running = asyncio.create_task(heartbeat.run())
        now = datetime.now(UTC)

        async def told():
            found = await Ledger(bench.redis, bench.keys).month(now.year, now.month)
            return {each.activity: each.amount for each in found}

        await bench.until_final(await bench.enqueue())
        async with asyncio.timeout(60):
            while "pictures" not in await told():
                await asyncio.sleep(0.05)
        spent = sum(bench.metrics.gpu.seconds().values())
        running.cancel()
        await asyncio.wait([running])
        at_most = sum(bench.metrics.gpu.seconds().values())
    assert (await told())["pictures"] == 1
    noted = sum(amount for activity, amount in (await told()).items() if activity != "pictures")
    assert 1000 * spent - 500 < noted < 1000 * at_most + 500
