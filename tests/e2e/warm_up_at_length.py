"""Who waits for the load of the model, with and without a warm-up."""

from __future__ import annotations

import os
import time

import pytest
import pytest_asyncio

LOAD = float(os.environ.get("E2E_LOAD_SECONDS", "4"))
"""Seconds that the simulated ComfyUI loads its model."""
EDIT = 4.0
"""Seconds of the four steps of an edit: values.yaml."""
COMFYUI = f"comfyui.args={{--host=127.0.0.1,--port=8188,--data-dir=/data,--step-seconds=1,--load-seconds={LOAD:g}}}"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def changing(installation):
    """An installation that is put back at the end."""
    yield installation
    await installation.hold(0)
    await installation.upgrade()


async def answered(installation, photo):
    """Return the seconds from somebody's photo to its picture."""
    user = await installation.telegram.user()
    began = time.monotonic()
    await user.send(photo=photo, caption="make it snow")
    await user.picture(timeout=120)
    return time.monotonic() - began


@pytest.mark.parametrize("warms_up", [True, False], ids=["with", "without"])
async def test_first_user_waits_for_the_load_only_where_no_worker_was_ready(changing, warms_up, photo):
    installation = changing
    await installation.hold(0)
    await installation.upgrade(COMFYUI, f"worker.settings.warmUp={str(warms_up).lower()}")
    if warms_up:  # a job loads the model by itself without one
        await installation.let_scale()
        from_zero = await answered(installation, photo)
        print(f"load {LOAD:g} s; no worker: answered after {from_zero:.1f} s")
        assert from_zero > LOAD + EDIT - 1, "the job itself loads the model"
        await installation.hold(0)
    began = time.monotonic()
    await installation.hold(1)
    ready = time.monotonic() - began
    at_ready = await answered(installation, photo)
    second = await answered(installation, photo)
    print(
        f"load {LOAD:g} s; one worker, ready after {ready:.1f} s: first answered after {at_ready:.1f} s, second after"
        f" {second:.1f} s"
    )
    assert (at_ready < LOAD + EDIT - 1) is warms_up
    assert ready > LOAD or not warms_up
    assert second < LOAD + EDIT - 1
