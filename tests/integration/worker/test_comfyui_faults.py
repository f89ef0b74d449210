"""The worker with a simulated ComfyUI that spoils results: how many executions a job costs, and what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
import io

import pytest
from PIL import Image

from comfyui_simulator.client import SimulatorControl
from local_stack import bare_environment
from local_stack.parts import WORKFLOWS, ComfyUISimulator
from qwenedit_jobs import Limits, Reason, State
from qwenedit_worker.comfyui import ComfyUI, SharedFolders, Workflow
from qwenedit_worker.loop.editor import ComfyUIEditor

FAST = Workflow.load(WORKFLOWS / "qwen-image-edit-2511-fast.json")
ATTEMPTS = 3
ONE_ATTEMPT = Limits(max_attempts=1, retry_delays=(0.05,), max_unfinished_per_user=10)
THREE_ATTEMPTS = Limits(max_attempts=ATTEMPTS, retry_delays=(0.05,), max_unfinished_per_user=10)


def photo():
    data = io.BytesIO()
    Image.new("RGB", (96, 64), (200, 60, 20)).save(data, "JPEG")
    return data.getvalue()


@pytest.fixture
async def simulator(tmp_path):
    part = ComfyUISimulator(env=bare_environment(), data_dir=tmp_path / "comfyui", step_seconds=0.02)
    await part.start()
    yield part
    await part.stop()


@pytest.fixture
async def control(simulator):
    async with SimulatorControl(simulator.url) as control:
        yield control


@pytest.fixture
def working(bench, simulator, tmp_path):
    """Have a worker at work on the simulator."""

    @contextlib.asynccontextmanager
    async def work(name="worker-1"):
        data = tmp_path / "comfyui"
        folders = SharedFolders(input=data / "input", output=data / "output")
        async with ComfyUI(simulator.url, workflows=[FAST], poll_interval=0.05, folders=folders) as comfyui:
            editor = ComfyUIEditor(comfyui, default=FAST, folder=WORKFLOWS)
            async with bench.working(name=name, editor=editor) as parts:
                yield parts

    return work


async def executions(control):
    return sum((await control.state()).executions.values())


async def all_ended(bench, jobs, *, within=120):
    async with asyncio.timeout(within):
        while not all([(await bench.queue.status(job.id)).state.final for job in jobs]):
            await bench.queue.tick()
            await asyncio.sleep(0.05)
    return [await bench.queue.status(job.id) for job in jobs]


async def test_jobs_whose_results_are_always_cut_cost_their_attempts_and_no_execution_more(bench, control, working):
    await control.fault("drop_answer", path="/view", times=None)
    jobs = [await bench.enqueue(picture=photo(), limits=THREE_ATTEMPTS) for _ in range(4)]

    async with working(), working("worker-2"):
        ended = await all_ended(bench, jobs)

    assert {(one.state, one.reason) for one in ended} == {(State.FAILED, Reason.COMFYUI_UNAVAILABLE)}
    assert await executions(control) == len(jobs) * ATTEMPTS


async def test_job_result_holds_nothing_of_the_graph(bench, control, working):
    await control.fault("metadata")
    job = await bench.enqueue(picture=photo(), prompt="paint the secret garden")

    async with working():
        status = await bench.until_final(job)

    picture = await bench.store.get(status.result.picture)
    assert b"secret garden" not in picture
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.info == {}
