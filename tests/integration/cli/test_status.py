"""What an operator is told of an installation at a glance."""

from __future__ import annotations

import pytest

from qwenedit_jobs import Phase
from qwenedit_jobs.workers.registry import FORGOTTEN_AFTER, KEPT_FOR, Device, Presence, Workers
from tests.integration.cli.conftest import PROMPT


@pytest.fixture
def workers(desk):
    return Workers(desk.redis, desk.keys)


def about(name, **facts):
    here = Presence(worker=name, since=1_000.0, ready=True, draining=False, version="1.2.3", sockets=9)
    return here.model_copy(update=facts)


def row(said, name):
    [line] = [line for line in said.out.splitlines() if line.startswith(f"{name} ")]
    return line


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


async def test_pictures_are_told_by_what_they_are_for(desk):
    await desk.enqueue(1)
    await desk.redis.set(desk.keys.picture("a:out:1"), bytes(3_000_000))
    await desk.redis.set(desk.keys.picture("b:out:1"), bytes(5_000_000))
    seconds, _ = await desk.redis.time()
    await desk.redis.zadd(desk.keys.answered_pictures, {"b:out:1": (seconds - 7_200) * 1000})
    said = await desk.ask("status")
    [line] = [line for line in said.out.splitlines() if line.startswith("pictures")]
    assert line.split(maxsplit=1)[1] == (
        "9 B of photos, 2.9 MB of results to be shown, 2.5 MB kept free for results of unfinished jobs; "
        "4.8 MB answered, the first to go (the oldest for 2 h)"
    )
    assert (await desk.ask("status", "--json")).json["pictures"]["answered"] == 5_000_000


async def test_json_says_the_same_with_names_for_a_program(desk, workers):
    await desk.enqueue(1)
    waiting = await desk.enqueue(2)
    running = await desk.claim()
    await workers.beat(about("gpu-1"))
    await desk.redis.set(desk.keys.leader, "bot-0")
    said = (await desk.ask("status", "--json")).json
    assert (said["counts"]["waiting"], said["counts"]["running"], said["counts"]["dead"]) == (1, 1, 0)
    assert said["janitor"] == "bot-0"
    assert said["server"]["version"]
    assert said["server"]["used_memory"] > 0
    assert 0 <= said["now"] - said["oldest_enqueued_at"] < 60
    [worker] = said["workers"]
    assert (worker["job"]["id"], worker["job"]["state"], worker["presence"]["version"]) == (running, "running", "1.2.3")
    assert waiting != running


async def test_worker_that_was_killed_is_silent_and_then_forgotten(desk, workers):
    await workers.beat(about("gpu-1"))
    seconds, _ = await desk.redis.time()
    await desk.redis.zadd(desk.keys.workers, {"gpu-1": (seconds - 40) * 1000})
    assert "silent" in row(await desk.ask("status"), "gpu-1")
    await desk.redis.zadd(desk.keys.workers, {"gpu-1": (seconds - FORGOTTEN_AFTER - 1) * 1000})
    assert "gpu-1" not in (await desk.ask("status")).out
    await workers.beat(about("gpu-2"))
    assert await desk.redis.zrange(desk.keys.workers, 0, -1) == ["gpu-2"]
    assert "gpu-1" not in (await desk.ask("status")).out


async def test_beat_that_says_nothing_new_is_known_again_after_redis_has_lost_everything(desk, workers):
    await workers.beat(about("gpu-1"))
    await desk.redis.zadd(desk.keys.workers, {"gpu-1": 1})
    await workers.beat(about("gpu-1"))
    [seen] = await workers.seen()
    await desk.redis.delete(desk.keys.workers, desk.keys.workers_about)
    await workers.beat(about("gpu-1"))
    assert [again.presence for again in await workers.seen()] == [seen.presence]


async def test_worker_of_an_earlier_release_is_told_by_the_job_it_has(desk):
    identity = await desk.enqueue(1)
    await desk.claim(worker="old")
    assert identity in row(await desk.ask("status"), "old")


async def test_worker_registry_does_not_outlive_the_last_worker(desk, workers):
    await workers.beat(about("gpu-1"))
    assert 0 < await desk.redis.ttl(desk.keys.workers) <= KEPT_FOR
    assert 0 < await desk.redis.ttl(desk.keys.workers_about) <= KEPT_FOR
    await workers.leave("gpu-1")
    assert await desk.redis.exists(desk.keys.workers, desk.keys.workers_about) == 0


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
    assert "PICTURES_URL is s3://there-is-none: there is no such bucket; create it, or correct the name" in said.out
    assert (await desk.ask("status", "--json")).json["place"]["problem"].startswith("PICTURES_URL is s3://there")
