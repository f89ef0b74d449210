"""Nothing that somebody wrote into Redis steers the operator's terminal, whatever the command."""

from __future__ import annotations

import json

import pytest

from qwenedit_jobs.lanes import Lanes
from qwenedit_jobs.workers.registry import Device
from tests.integration.cli.conftest import about

STEERS = "\x1b[2J\x1b]0;owned\x07\x9b31m\r\x08\x7f\u202e\u2066\u200b\nleader    mallory"
FLAT = STEERS.partition("\n")[0]
COMMANDS = (
    "status",
    "jobs list --all",
    "jobs show {job}",
    "jobs show {raw}",
    "jobs show f",
    "dead list",
    "aside list",
    "jobs cancel {job}",
    "jobs requeue {job}",
    "dead retry --all",
    "dead drop --all",
    "aside retry --all",
    "aside drop --all",
    "pause",
    "resume",
    "forget-bot",
)


@pytest.fixture
async def ids(desk, workers):
    """An installation of which every text says more than it should."""
    await desk.redis.set(desk.keys.leader, f"bot-0{STEERS}")
    await desk.redis.hset(desk.keys.layout, "bot", STEERS)
    device = Device(version=STEERS, name=STEERS, vram_total=1, vram_free=1)
    presence = about(f"gpu{STEERS}", ready=False, problem=STEERS, comfyui_url=STEERS, device=device)
    await workers.beat(presence)
    running = await desk.enqueue(1)
    await desk.claim(worker=f"gpu{STEERS}", token="r")
    job, raw = await desk.dead(2, detail=STEERS), await desk.enqueue(3)
    await desk.redis.hset(desk.keys.job(job), mapping={"reason": STEERS, "worker": STEERS, "answer": STEERS})
    await desk.redis.hset(desk.keys.job(running), mapping={"phase": STEERS, "steps": 4})
    await desk.redis.hset(desk.keys.job(raw), mapping={"state": STEERS, STEERS: STEERS})
    delayed = await desk.enqueue(4)
    await desk.redis.hset(desk.keys.job(delayed), mapping={"trace_context": f"00-{STEERS}-0-0"})
    await desk.redis.zadd(desk.keys.dead, {f"foreign{STEERS}": 1})
    for prefix in (desk.keys.inbox, desk.keys.answers):
        lanes = Lanes(desk.redis, prefix, name="bot-0")
        for entry in (f"1-{FLAT}", "2-0"):
            await lanes.put(FLAT, entry, json.dumps({"id": STEERS, "state": "done"}))
            [held], _wait = await lanes.next(1)
            await lanes.set_aside(held, {"error": STEERS})
        await lanes.put("chat", "3-0", json.dumps({"id": STEERS, "state": "done"}))
        [held], _wait = await lanes.next(1)
        await lanes.park(held, 3600.0, why=STEERS)
    return {"job": job, "raw": raw}


async def test_redis_content_steers_no_terminal(desk, ids):
    for words in COMMANDS:
        said = await desk.ask(*words.format(**ids).split())
        for printed in (said.out, said.err):
            bad = {each for each in printed if not (each.isprintable() or each == "\n")}
            assert not bad, (words, bad)
            assert not [line for line in printed.splitlines() if line.startswith("leader    mallory")], words


async def test_error_of_redis_and_selftest_steer_no_terminal(desk, monkeypatch):
    monkeypatch.setenv("REDIS_JOB_QUEUE_KEY", f"line{STEERS}")
    said = await desk.ask("status")
    assert said.code == 2
    assert said.err.rstrip("\n").isprintable()
    monkeypatch.delenv("REDIS_JOB_QUEUE_KEY")
