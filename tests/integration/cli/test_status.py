"""What an operator is told of an installation at a glance."""

from __future__ import annotations

import re

import pytest

from qwenedit_jobs import Phase, Reason, Result
from qwenedit_jobs.failed_calls import CallFailures
from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.workers.registry import Device
from tests.integration.cli.conftest import PROMPT, about, line_of, row


@pytest.fixture(autouse=True)
async def leading_bot(desk):
    await desk.redis.set(desk.keys.leader, "bot-0")


async def test_status_of_an_empty_installation_says_that_nothing_is_up(desk):
    said = await desk.ask("status")
    assert (said.code, said.err) == (0, "")
    assert "0 waiting, 0 running, 0 between attempts, 0 dead" in said.out
    assert "No worker is up." in said.out
    assert "paused    no" in said.out


async def test_each_worker_is_told_with_its_job_its_comfyui_and_its_gpu(desk, workers):
    identity = await desk.enqueue(1)
    await desk.claim(worker="gpu-1")
    await desk.queue.progress(identity, "t", Phase.EDITING, step=2, steps=4)
    device = Device(version="0.27.0", name="RTX 4090", vram_total=24 << 30, vram_free=3 << 30)
    await workers.beat(about("gpu-1", node="node-a", comfyui_url="http://127.0.0.1:8188", device=device))
    await workers.beat(about("gpu-2", ready=False, problem="ComfyUI lacks vae/qwen.safetensors"))
    await workers.beat(about("gpu-3", draining=True))
    said = await desk.ask("status")
    for part in ("node-a", "1.2.3", "busy", identity, "editing 2/4", "0.27.0", "http://127.0.0.1:8188", "RTX 4090",
                 "3.0 GB of 24 GB", " 9 "):  # fmt: skip
        assert part in row(said, "gpu-1"), said.out
    assert "not ready" in row(said, "gpu-2")
    assert "Not ready: gpu-2: ComfyUI lacks vae/qwen.safetensors" in said.out
    assert "leaving" in row(said, "gpu-3")
    assert "1 running" in said.out


async def test_json_says_the_same_with_names_for_a_program(desk, workers):
    await desk.enqueue(1)
    waiting = await desk.enqueue(2)
    running = await desk.claim()
    await workers.beat(about("gpu-1"))
    said = (await desk.ask("status", "--json")).json
    assert (said["counts"]["waiting"], said["counts"]["running"], said["counts"]["dead"]) == (1, 1, 0)
    assert said["leader"] == "bot-0"
    assert said["server"]["version"]
    assert said["server"]["used_memory"] > 0
    assert 0 <= said["now"] - said["oldest_enqueued_at"] < 60
    [worker] = said["workers"]
    assert (worker["job"]["id"], worker["job"]["state"], worker["presence"]["version"]) == (running, "running", "1.2.3")
    assert waiting != running


async def test_worker_that_was_killed_is_silent(desk, workers):
    await workers.beat(about("gpu-1"))
    seconds, _ = await desk.redis.time()
    await desk.redis.zadd(desk.keys.workers, {"gpu-1": (seconds - 40) * 1000})
    assert "silent" in row(await desk.ask("status"), "gpu-1")


async def test_worker_of_an_earlier_release_is_told_by_the_job_it_has(desk):
    identity = await desk.enqueue(1)
    await desk.claim(worker="old")
    assert identity in row(await desk.ask("status"), "old")


@pytest.mark.parametrize("question", [("status",), ("jobs", "list"), ("jobs", "show", "{id}")])
@pytest.mark.parametrize("form", [(), ("--json",)])
async def test_instructions_are_never_shown_in_status(desk, question, form):
    identity = await desk.enqueue(1)
    said = await desk.ask(*(word.format(id=identity) for word in question), *form)
    assert said.code == 0
    assert PROMPT not in said.out


async def test_status_says_that_pictures_lie_in_redis(desk):
    assert "bucket    none: pictures lie in Redis\n" in (await desk.ask("status")).out


async def test_status_says_whether_the_bucket_answers_and_what_waits_to_be_deleted(desk, object_server, monkeypatch):
    await object_server.make_bucket("status")
    for name, value in {"PICTURES_URL": "s3://status/here", **object_server.settings()}.items():
        monkeypatch.setenv(name, value)
    assert "bucket    s3://status/here, which answers; 1 objects wait to be deleted" in (await desk.ask("status")).out
    monkeypatch.setenv("PICTURES_URL", "s3://there-is-none")
    said = await desk.ask("status")
    why = "PICTURES_URL is s3://there-is-none: there is no such bucket; create it, or correct the name"
    assert line_of(said, "bucket").startswith(why)
    assert line_of(said, "trouble").startswith("QweneditPictureStoreFails: ")
    assert said.out.count("no such bucket") == 1
    assert (await desk.ask("status", "--json")).json["place"]["problem"].startswith("PICTURES_URL is s3://there")


async def test_status_tells_the_last_minutes_failures_by_reason_and_by_worker(desk, workers):
    """A worker that is idle, with its GPU's memory free, may fail at each job."""
    device = Device(version="0.33.0", name="RTX 4090", vram_total=24 << 30, vram_free=24 << 30)
    await workers.beat(about("gpu-1", device=device))
    for number in range(3):
        identity = await desk.enqueue(number)
        await desk.claim(token=f"{number}")
        await desk.queue.fail(identity, f"{number}", Reason.SERVER_OUT_OF_MEMORY)
    pausing = await desk.enqueue(3)
    await desk.claim(token="p")
    await desk.queue.retry(pausing, "p", Reason.TIMEOUT)
    done = await desk.enqueue(4)
    await desk.claim(worker="gpu-2", token="d")
    await desk.queue.complete(done, "d", Result(picture="p", seed=1, seconds=1.0))
    said = await desk.ask("status")
    assert re.match(
        r"in 15 min: 1 done, 3 failed \(server_out_of_memory: 3\), 0 cancelled; the last failure \d+ s ago",
        line_of(said, "ended"),
    )
    assert line_of(said, "ended").endswith("between attempts: timeout: 1")
    assert line_of(said, "trouble") == (
        "QweneditJobsFailFast: 3 of the 4 jobs that ended in 15 min failed for good (server_out_of_memory)"
    )
    assert "idle, failing" in row(said, "gpu-1")
    assert "4 of 4" in row(said, "gpu-1")
    assert line_of(said, "workers") == "1 up, 1 of them ready, 1 failing"
    why = "its last 4 attempts failed (server_out_of_memory, timeout)"
    assert f"Failing: gpu-1: {why}. VRAM FREE is what it had between them" in said.out
    recent = (await desk.ask("status", "--json")).json["recent"]
    assert (recent["done"], recent["failed"], recent["workers"]["gpu-1"]["failed"]) == (
        1, {"server_out_of_memory": 3}, 4,
    )  # fmt: skip
    seconds, _ = await desk.redis.time()
    for identity in await desk.queue.ended_ids():
        await desk.redis.hset(desk.keys.job(identity), "finished_at", (seconds - 16 * 60) * 1000)
    assert line_of(await desk.ask("status"), "ended").startswith("in 15 min: 0 done, 0 failed, 0 cancelled")


async def test_status_tells_of_telegrams_refusals_and_waits(desk):
    quiet = await desk.ask("status")
    assert line_of(quiet, "telegram") == "no call failed in 15 min"
    assert line_of(quiet, "trouble") == "none that is seen here"
    failures = CallFailures(desk.redis, desk.keys)
    for status in ("200", "403", *["409"] * 4, "429"):
        failures.note(status, method="getUpdates", wait=30.0 if status == "429" else 0.0)
    await failures.tell()
    said = await desk.ask("status")
    assert line_of(said, "telegram").startswith("in 15 min calls failed with 409: 4, 429: 1, the last ")
    assert "429 told the bot to wait for 30 s in all. Another bot polls with the same token" in said.out
    assert line_of(said, "trouble") == "QweneditTelegramRejects: 5 calls to Telegram failed"


async def test_status_names_no_trouble_with_telegram_once_each_method_that_failed_succeeds_again(desk):
    bots = [CallFailures(desk.redis, desk.keys) for _ in range(2)]
    for bot in bots:
        for method in (*["sendMessage"] * 3, "getUpdates"):
            bot.note("5xx", method=method)
        bot.note("200", method="getUpdates")
        await bot.tell()
    assert "QweneditTelegramRejects" in line_of(await desk.ask("status"), "trouble")
    bots[0].note("403", method="sendMessage")  # the user has blocked the bot, and Telegram is well
    await bots[0].tell()
    assert "QweneditTelegramRejects" in line_of(await desk.ask("status"), "trouble")
    bots[1].note("200", method="sendMessage")
    await bots[1].tell()
    said = await desk.ask("status")
    assert line_of(said, "trouble") == "none that is seen here"
    assert re.search(r"5xx: 8, the last \d+ s ago; over since \d+ s", line_of(said, "telegram"))
    bots[1].note("429", method="sendMessage")
    await bots[1].tell()
    assert "over since" not in line_of(await desk.ask("status"), "telegram")


async def test_status_names_the_oldest_job_whose_user_has_no_answer(desk):
    seconds, _ = await desk.redis.time()
    lanes = Lanes(desk.redis, desk.keys.answers, name="bot-0")
    for age, identity in ((300, "feedfacefeedface"), (200, "0123456789abcdef")):
        await lanes.put(identity, f"{(seconds - age) * 1000}-0", f'{{"id": "{identity}", "state": "done"}}')
    [entry, _other], _wait = await lanes.next(2)
    await lanes.park(entry, 3600.0, why="flood")
    said = await desk.ask("status")
    told = "job feedfacefeedface, which ended 5 min ago: next try in 60 min: Telegram told the bot to wait (429)"
    assert line_of(said, "answers") == f"the oldest to be given is that of {told}"
    assert "QweneditAnswersLateFast" in line_of(said, "trouble")


async def test_status_tells_redis_in_percent(desk):
    used = (await desk.redis.info("memory"))["used_memory"]
    await desk.redis.config_set("maxmemory", used * 10 // 9)
    try:
        said = await desk.ask("status")
        needed = r"in use \((9\d) %\), (9\d) % needed with the results of unfinished jobs; new jobs"
        told = re.search(needed, line_of(said, "redis"))
        assert told is not None, said.out
        assert f"QweneditRedisNearlyFull: Redis needs {told[2]} % of its memory" in said.out
    finally:
        await desk.redis.config_set("maxmemory", 0)


@pytest.mark.parametrize("since", ["noon", "", "inf", "-1", "9" * 400])
async def test_pause_that_begins_at_no_time_is_told_and_can_be_ended(desk, since):
    await desk.redis.set(desk.keys.paused, since)
    assert line_of(await desk.ask("status"), "paused").startswith("since 1970-01-01 00:00:00 UTC")
    assert (await desk.ask("pause")).code == (await desk.ask("resume")).code == 0
    assert line_of(await desk.ask("status"), "paused") == "no"


async def test_status_calls_a_pause_and_a_line_without_workers_trouble(desk):
    await desk.enqueue(1)
    assert line_of(await desk.ask("status"), "trouble") == "QweneditNoWorker: waiting jobs: 1, and no worker is ready"
    await desk.ask("pause")
    said = await desk.ask("status")
    assert line_of(said, "trouble") == "QweneditPauseForgotten: waiting jobs: 1, until an operator ends the pause"
    assert (await desk.ask("status", "--json")).json["trouble"][0]["runbook"] == "QweneditPauseForgotten"


async def test_status_calls_it_trouble_when_no_bot_leads_and_when_no_worker_takes_a_job(desk, workers):
    waiting = await desk.enqueue(1)
    seconds, _ = await desk.redis.time()
    await desk.redis.hset(desk.keys.job(waiting), "enqueued_at", (seconds - 40) * 1000)
    await workers.beat(about("gpu-1"))
    stuck = r"QweneditQueueStuck: the next job has waited for [4-9]\d s, and an idle worker leaves it"
    assert re.fullmatch(stuck, line_of(await desk.ask("status"), "trouble"))
    await desk.redis.zadd(desk.keys.workers, {"gpu-1": (seconds - 40) * 1000})
    assert line_of(await desk.ask("status"), "trouble") == "QweneditNoWorker: waiting jobs: 1, and no worker is ready"
    await desk.redis.delete(desk.keys.leader)
    said = await desk.ask("status")
    assert line_of(said, "trouble") == "QweneditBotDown: no bot leads, so nobody is answered"
    assert "leader    none: no bot leads" in said.out
