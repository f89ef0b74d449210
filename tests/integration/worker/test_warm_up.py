"""A worker's process that loads its model before it takes a job."""

from __future__ import annotations

import asyncio
import time

import aiohttp
import pytest

from comfyui_simulator.client import SimulatorControl
from local_stack import ComfyUISimulator, bare_environment, worker
from qwenedit_jobs import State
from qwenedit_jobs.sample_picture import gradient
from qwenedit_testkit.files import files_below

LOAD, STEP, STEPS = 2.0, 0.1, 4
PHOTO = gradient(64)
FAST = "qwen-image-edit-2511-fast"


@pytest.fixture
async def comfyui(tmp_path):
    part = ComfyUISimulator(env=bare_environment(), data_dir=tmp_path, step_seconds=STEP, load_seconds=LOAD)
    await part.start()
    yield part
    if part.running:
        await part.kill()


@pytest.fixture
async def control(comfyui):
    async with SimulatorControl(comfyui.url) as control:
        yield control


@pytest.fixture
async def part(bench, comfyui):
    """A worker with that ComfyUI to itself; not started."""
    env = bare_environment(**comfyui.shared_folders)
    part = worker(env=env, redis_url=bench.url, comfyui_url=comfyui.url, name="worker-1")
    yield part
    if part.running:
        await part.kill()


async def get(part, path):
    async with aiohttp.ClientSession() as session, session.get(part.probe_url + path) as answer:
        return answer.status, await answer.text()


def sample(metrics, name):
    [line] = [line for line in metrics.splitlines() if line.startswith(f"{name} ")]
    return float(line.split()[-1])


async def test_worker_is_ready_when_its_model_is_loaded_and_the_first_job_finds_it(bench, part, control, tmp_path):
    await control.fault("hang")
    began = time.monotonic()
    await part.launch()
    await part.wait_for_line("worker.warming_up")
    status, why = await get(part, "/readyz")
    assert status == 503
    assert f"ComfyUI loads the model of {FAST}" in why
    assert (await get(part, "/livez"))[0] == (await get(part, "/comfyui/livez"))[0] == 200
    await control.clear()
    await part.wait_ready()
    [prompt] = (await control.state()).prompts
    job = await bench.enqueue(picture=PHOTO)
    assert (await bench.until_final(job)).state is State.DONE

    metrics = ""
    async with asyncio.timeout(60):  # the job is counted once Redis has it
        while not metrics or sample(metrics, 'qwenedit_attempts_total{outcome="done",reason=""}') != 1:
            _status, metrics = await get(part, "/metrics")
    seconds = sample(metrics, f'qwenedit_warm_up_seconds_sum{{outcome="warm",workflow="{FAST}"}}')
    assert LOAD <= seconds <= time.monotonic() - began
    assert sample(metrics, f'qwenedit_model_load_seconds_count{{workflow="{FAST}"}}') == 0
    assert sample(metrics, 'qwenedit_gpu_seconds_total{activity="starting"}') > LOAD
    assert await part.stop() == 0
    assert [path for path in files_below(tmp_path) if "warm-up" in str(path)] == [], f"{prompt} left something"


async def test_sigterm_in_the_middle_of_a_load_does_not_wait_for_its_end(bench, part, control):
    await control.fault("slow_load", seconds=300)
    await part.launch()
    await part.wait_for_line("worker.warming_up")
    async with asyncio.timeout(120):
        while [prompt.state for prompt in (await control.state()).prompts] != ["started"]:
            await asyncio.sleep(0.05)
    began = time.monotonic()
    assert await part.stop(timeout=120) == 0
    assert time.monotonic() - began < 60
