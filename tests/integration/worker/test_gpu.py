"""What a worker's process says of its GPU's seconds, with a ComfyUI that has its models to load."""

from __future__ import annotations

import asyncio
import io
import time

import aiohttp
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from local_stack import ComfyUISimulator, bare_environment, worker
from qwenedit_jobs import State

LOAD, STEP, STEPS = 2.0, 1.0, 4
SLEW = 0.02
"""Seconds by which the two clocks may drift apart in a test."""
ALONE = 0.3
"""Seconds for which the worker runs before its ComfyUI is started."""


def photo(shade):
    data = io.BytesIO()
    Image.new("RGB", (96, 64), (shade, 60, 20)).save(data, "JPEG")
    return data.getvalue()


@pytest.fixture
async def installed(tmp_path, bench):
    """A worker and its ComfyUI, which has loaded nothing yet."""
    comfyui = ComfyUISimulator(
        env=bare_environment(), data_dir=tmp_path / "comfyui", step_seconds=STEP, load_seconds=LOAD
    )
    part = worker(
        env=bare_environment(WORKER_WARM_UP="false"),
        redis_url=bench.url,
        comfyui_url=comfyui.url,
        name="worker-1",
    )
    await part.launch()
    await part.wait_for_line("worker.started")
    await asyncio.sleep(ALONE)
    await comfyui.start()
    await part.wait_ready()
    yield part
    for each in (part, comfyui):
        if each.running:
            await each.kill()


async def scrape(part):
    """Return the samples, and the times before and after they were taken."""
    began = time.time()
    async with aiohttp.ClientSession() as session, session.get(f"{part.probe_url}/metrics") as answer:
        text = await answer.text()
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    return samples, (began, time.time())


def by_activity(samples):
    return {
        dict(labels)["activity"]: value
        for (name, labels), value in samples.items()
        if name == "qwenedit_gpu_seconds_total"
    }


async def until_counted(part, done):
    """Scrape until so many jobs are accounted for, and the worker is idle."""
    name = ("qwenedit_gpu_job_seconds_count", (("outcome", "done"), ("workflow", "qwen-image-edit-2511-fast")))
    async with asyncio.timeout(30):
        while True:
            samples, _ = await scrape(part)
            if samples.get(name) == done and not samples["qwenedit_worker_busy", ()]:
                return samples
            await asyncio.sleep(0.05)


async def test_cold_load_is_told_from_the_edit_and_all_seconds_add_up(installed, bench):
    async def never_more_nor_less():
        samples, began = await scrape(installed)
        first = sum(by_activity(samples).values())
        while True:
            samples, now = await scrape(installed)
            passed = sum(by_activity(samples).values()) - first
            assert now[0] - began[1] - SLEW <= passed <= now[1] - began[0] + SLEW
            await asyncio.sleep(0.05)

    watching = asyncio.create_task(never_more_nor_less())
    cold = await bench.enqueue(picture=photo(200))
    assert (await bench.until_final(cold)).state is State.DONE
    after_cold = await until_counted(installed, 1)
    warm = await bench.enqueue(picture=photo(100))
    assert (await bench.until_final(warm)).state is State.DONE
    after_warm = await until_counted(installed, 2)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching

    first, second = by_activity(after_cold), by_activity(after_warm)
    assert first["starting"] >= ALONE, "there was no ComfyUI"
    assert first["loading"] >= LOAD
    assert first["editing"] >= (STEPS - 1.5) * STEP, "the load ends with the first step, which may be heard of late"
    assert second["loading"] == first["loading"], "the models were there"
    assert second["editing"] - first["editing"] >= (STEPS - 1.5) * STEP

    name = (("workflow", "qwen-image-edit-2511-fast"),)
    assert after_warm["qwenedit_model_load_seconds_count", name] == 1
    assert after_warm["qwenedit_model_load_seconds_sum", name] == pytest.approx(first["loading"])
    done = (("outcome", "done"), *name)
    assert after_warm["qwenedit_gpu_job_seconds_count", done] == 2
    assert after_warm["qwenedit_gpu_job_seconds_sum", done] == pytest.approx(second["loading"] + second["editing"])
