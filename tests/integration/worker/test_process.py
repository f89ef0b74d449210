"""The worker as a process, with the ComfyUI simulator as another one and a Redis that may be stopped."""

from __future__ import annotations

import asyncio
import io
import json
import signal

import aiohttp
import pytest
from PIL import Image

from comfyui_simulator.client import SimulatorControl
from local_stack import RedisServer, bare_environment, free_port
from local_stack.parts import ComfyUISimulator, worker
from qwenedit_jobs import Phase, State
from qwenedit_testkit.photos import plain


def editing(status):
    return status.phase is Phase.EDITING and status.step >= 1


async def get(part, path):
    async with aiohttp.ClientSession() as session, session.get(part.probe_url + path) as answer:
        return answer.status, (await answer.text()).strip()


async def shows(part, *lines):
    """Wait until the metrics have some lines: what is counted is counted after it has happened."""
    async with asyncio.timeout(120):
        while not set(lines) <= set((await get(part, "/metrics"))[1].splitlines()):
            await asyncio.sleep(0.05)


async def until_draining(bench):
    """Wait until the worker's job stands where KEDA keeps no replica for it."""
    async with asyncio.timeout(120):
        while (counts := await bench.queue.counts()).draining == 0:
            await asyncio.sleep(0.02)
    assert (counts.running, counts.draining) == (0, 1)


def logged(part):
    """Return the worker's log lines; each must be one JSON object."""
    return [json.loads(line) for line in part.lines]


@pytest.fixture
async def comfyui(tmp_path):
    part = ComfyUISimulator(env=bare_environment(), data_dir=tmp_path / "comfyui", step_seconds=0.25)
    yield part
    if part.running:
        await part.stop()


@pytest.fixture
async def control(comfyui):
    await comfyui.start()
    async with SimulatorControl(comfyui.url) as control:
        yield control


@pytest.fixture
async def start(comfyui):
    """Start workers; they are gone after the test."""
    started = []

    async def start(redis_url, *, name="worker-1", wait=True, **settings):
        # Faults and counts are about jobs; test_warm_up.py has the rest.
        env = bare_environment(WORKER_LEASE="10", WORKER_LOG_LEVEL="DEBUG", WORKER_WARM_UP="false", **settings)
        part = worker(env=env, redis_url=redis_url, comfyui_url=comfyui.url, name=name)
        started.append(part)
        await (part.start() if wait else part.launch())
        return part

    yield start
    for part in started:
        if part.running:
            await part.kill()


async def test_job_becomes_an_edited_picture_and_nothing_private_is_logged(bench, control, start):
    part = await start(bench.url)
    job = await bench.enqueue(picture=plain(), prompt="paint the secret garden")
    status = await bench.until_final(job)
    assert status.state is State.DONE
    with Image.open(io.BytesIO(await bench.store.get(status.result.picture))) as picture:
        assert picture.format == "PNG"
    assert (await get(part, "/livez"))[0] == (await get(part, "/readyz"))[0] == 200
    assert (await get(part, "/comfyui/livez"))[0] == 200
    assert (await get(part, "/drain"))[0] == 404, "a passer-by can't ask for it"
    await shows(part, 'qwenedit_attempts_total{outcome="done",reason=""} 1.0', "qwenedit_comfyui_up 1.0")
    assert await part.stop() == 0
    assert "secret garden" not in "\n".join(part.lines)
    assert {line["job"] for line in logged(part) if line["event"].startswith("job.")} == {job.id}
    state = await control.state()
    assert len(state.prompts) == 1


async def test_sigterm_in_mid_job_lets_the_same_attempt_answer_and_then_exits(bench, control, start):
    part = await start(bench.url)
    await control.fault("hang", at_step=1)
    job, next_one = await bench.enqueue(picture=plain()), await bench.enqueue(picture=plain())
    await bench.until(job, editing)
    part.signal(signal.SIGTERM)
    await part.wait_for_line("worker.leaving")
    await until_draining(bench)
    await control.clear()
    assert await asyncio.wait_for(part.wait(), 120) == 0
    status = await bench.queue.status(job.id)
    assert (status.state, status.attempt) == (State.DONE, 1)
    assert await bench.queue.waiting_ids() == [next_one.id]


async def test_drained_by_sigusr1_it_finishes_its_job_claims_no_more_and_stays(bench, control, start):
    part = await start(bench.url)
    await control.fault("hang", at_step=1)
    job, next_one = await bench.enqueue(picture=plain()), await bench.enqueue(picture=plain())
    await bench.until(job, editing)
    part.signal(signal.SIGUSR1)
    await until_draining(bench)
    await control.clear()
    assert (await bench.until_final(job)).state is State.DONE
    await asyncio.sleep(0.3)
    assert part.running
    assert await bench.queue.waiting_ids() == [next_one.id]
    assert (await get(part, "/readyz"))[0] == 200
    assert await part.stop() == 0


async def test_absent_redis_at_start_is_said_once_and_waited_for(tmp_path, control, start, make_bench):
    server = RedisServer(tmp_path / "redis", port=free_port())
    part = await start(server.url, wait=False)
    await part.wait_for_line("redis.unreachable")
    assert (await get(part, "/livez"))[0] == 200
    await asyncio.sleep(3)
    assert [line["event"] for line in logged(part)].count("redis.unreachable") == 1
    assert part.running
    await server.start()
    bench = await make_bench(server.url)
    job = await bench.enqueue(picture=plain())
    assert (await bench.until_final(job)).state is State.DONE
    assert await part.stop() == 0
    await server.stop()


async def test_place_of_pictures_that_cannot_be_used_ends_the_worker(redis_url, start, object_server):
    part = await start(redis_url, wait=False, PICTURES_URL="s3://there-is-none", **object_server.settings())
    async with asyncio.timeout(60):
        assert await part.wait() == 2
    await part.wait_for_line("PICTURES_URL is s3://there-is-none: put failed: ")


async def test_taken_probe_port_ends_the_start_with_its_number(bench, comfyui):
    first = worker(env=bare_environment(WORKER_WARM_UP="false"), redis_url=bench.url, comfyui_url=comfyui.url)
    second = worker(env=bare_environment(WORKER_WARM_UP="false"), redis_url=bench.url, comfyui_url=comfyui.url)
    second.env["PROBE_PORT"] = first.env["PROBE_PORT"]
    await first.launch()
    async with asyncio.timeout(120):
        await first.wait_for_line("worker.started")
        await second.launch()
        assert await second.wait() == 1
    [line] = [line for line in logged(second) if line["level"] == "critical"]
    assert line["port"] == int(first.env["PROBE_PORT"])
    assert await first.stop() == 0


async def test_bad_setting_stops_the_start_with_one_line_that_says_why(comfyui):
    env = bare_environment(WORKFLOW="no-such-workflow")
    part = worker(env=env, redis_url="redis://127.0.0.1:1/0", comfyui_url=comfyui.url)
    await part.launch()
    assert await asyncio.wait_for(part.wait(), 120) == 2
    [line] = part.lines
    assert line.startswith("WORKFLOW is 'no-such-workflow': ")
