"""What an operator is told of an installation at a glance."""

from __future__ import annotations

import re

import pytest

from qwenedit_jobs import Phase
from qwenedit_jobs.workers.registry import Device
from tests.integration.cli.conftest import PROMPT, about, line_of, row

NO_WORKER = "QweneditNoWorker: no worker is ready, and the next job has waited for "


@pytest.fixture(autouse=True)
async def leading_bot(desk):
    await desk.redis.set(desk.keys.leader, "bot-0")
    await desk.redis.hset(desk.keys.layout, "layout", 2)


async def test_status_of_an_empty_installation_says_that_nothing_is_up(desk):
    said = await desk.ask("status")
    assert (said.code, said.err) == (0, "")
    assert "0 waiting, 0 running, 0 between attempts, 0 dead" in said.out
    assert "No worker is up." in said.out
    assert line_of(said, "paused") == "no"


async def test_each_worker_is_told_with_its_job_its_comfyui_and_its_gpu(desk, workers):
    identity = await desk.enqueue(1)
    await desk.claim(worker="gpu-1")
    await desk.queue.heartbeat(identity, "t", phase=Phase.EDITING, step=2, steps=4)
    device = Device(version="0.27.0", name="RTX 4090", vram_total=24 << 30, vram_free=3 << 30)
    await workers.beat(about("gpu-1", comfyui_url="http://127.0.0.1:8188", device=device))
    await workers.beat(about("gpu-2", ready=False, problem="ComfyUI lacks vae/qwen.safetensors"))
    await workers.beat(about("gpu-3", draining=True))
    said = await desk.ask("status")
    for part in (
        "1.2.3",
        "busy",
        identity,
        "editing 2/4",
        "0.27.0",
        "http://127.0.0.1:8188",
        "RTX 4090",
        "3.0 GB of 24 GB",
        " 9 ",
    ):
        assert part in row(said, "gpu-1"), said.out
    assert "not ready" in row(said, "gpu-2")
    assert "Not ready: gpu-2: ComfyUI lacks vae/qwen.safetensors" in said.out
    assert "leaving" in row(said, "gpu-3")
    assert "1 running" in said.out


async def test_worker_of_an_earlier_release_is_told_by_the_job_it_has(desk):
    identity = await desk.enqueue(1)
    await desk.claim(worker="old")
    assert identity in row(await desk.ask("status"), "old")


@pytest.mark.parametrize("question", [("status",), ("jobs", "list"), ("jobs", "show", "{id}")])
async def test_instructions_are_never_shown_in_status(desk, question):
    identity = await desk.enqueue(1)
    said = await desk.ask(*(word.format(id=identity) for word in question))
    assert said.code == 0
    assert PROMPT not in said.out


async def test_status_tells_redis_in_percent(desk):
    # Beside so much a client's buffers are small; it isn't sent, so they stay so.
    await desk.redis.setrange(desk.keys.picture("p"), 50_000_000, "x")
    used = (await desk.redis.info("memory"))["used_memory"]
    await desk.redis.config_set("maxmemory", used * 10 // 9)
    try:
        said = await desk.ask("status")
        needed = r"in use \((9\d)%\), (9\d)% needed with the results of unfinished jobs; new jobs"
        told = re.search(needed, line_of(said, "redis"))
        assert told is not None, said.out
        assert f"QweneditRedisNearlyFull: Redis needs {told[2]}% of its memory, and refuses new jobs" in said.out
    finally:
        await desk.redis.config_set("maxmemory", 0)


async def test_status_calls_a_pause_and_a_line_without_workers_trouble(desk):
    await desk.enqueue(1)
    assert line_of(await desk.ask("status"), "trouble").startswith(NO_WORKER)
    await desk.ask("pause")
    said = await desk.ask("status")
    assert line_of(said, "trouble") == "QweneditPauseForgotten: 1 waiting, until an operator ends the pause"


async def test_status_calls_it_trouble_when_no_bot_leads_and_when_no_worker_takes_a_job(desk, workers):
    waiting = await desk.enqueue(1)
    await desk.redis.hset(desk.keys.job(waiting), "enqueued_at", await desk.ago(40))
    await workers.beat(about("gpu-1"))
    stuck = r"QweneditQueueStuck: the next job has waited for [4-9]\d s, and an idle worker doesn't take it"
    assert re.fullmatch(stuck, line_of(await desk.ask("status"), "trouble"))
    await desk.redis.zadd(desk.keys.workers, {"gpu-1": await desk.ago(40)})
    assert line_of(await desk.ask("status"), "trouble").startswith(NO_WORKER)
    await desk.redis.delete(desk.keys.leader)
    said = await desk.ask("status")
    assert line_of(said, "trouble").startswith("QweneditBotDown: no bot leads, so users get no answers: `kubectl")
    assert line_of(said, "leader") == "none: no bot leads"
