"""Bot and worker do their work with the rights that the chart gives them in Redis, and ask for no other."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from comfyui_simulator.client import SimulatorControl
from local_stack import SIMULATED_TOKEN, ComfyUISimulator, bare_environment, bot, worker
from local_stack import TelegramSimulator as TelegramProcess
from local_stack.processes.ports import HOST
from qwenedit_testkit.photos import photo
from qwenedit_testkit.system import ended
from telegram_simulator.client import TelegramSimulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PREFIX = "studio.2"
"""Not the default, so that a name that lacks it is denied."""


@asynccontextmanager
async def product(server: Any, folder: Path) -> AsyncIterator[tuple[TelegramSimulator, SimulatorControl]]:
    """Run bot and worker as processes, each as its own user of Redis."""
    url = {user: f"redis://{user}@{HOST}:{server.port}/0" for user in ("bot", "worker")}
    env = {
        user: bare_environment(REDIS_PASSWORD=server.passwords[user], REDIS_PREFIX=PREFIX) for user in ("bot", "worker")
    }
    telegram = TelegramProcess(env=bare_environment(), temp_dir=folder / "telegram")
    comfyui = ComfyUISimulator(env=bare_environment(), data_dir=folder / "comfyui", step_seconds=0.05)
    parts = [
        telegram,
        comfyui,
        bot(env=env["bot"], redis_url=url["bot"], token=SIMULATED_TOKEN, telegram_url=telegram.url),
        worker(env=env["worker"], redis_url=url["worker"], comfyui_url=comfyui.url),
    ]
    try:
        for pair in (parts[:2], parts[2:]):
            await asyncio.gather(*(part.start() for part in pair))
        async with TelegramSimulator(telegram.url) as people, SimulatorControl(comfyui.url) as gpu:
            yield people, gpu
        await asyncio.gather(*(part.stop() for part in parts[2:]))
    finally:
        await ended(parts)


@pytest.mark.parametrize("server", [PREFIX], indirect=True)
async def test_product_is_denied_nothing_that_it_asks_of_redis(server: Any, tmp_path: Path) -> None:
    async with product(server, tmp_path) as (telegram, gpu):
        ann = await telegram.user()
        await ann.send(photo=photo(), caption="make it snow")
        await ann.picture()
        await gpu.fault("oom", times=1)
        await ann.send(photo=photo(), caption="make it rain")
        await ann.picture(number=2)
        await gpu.fault("hang", at_step=1)
        await ann.send(photo=photo(), caption="make it hail")
        await ann.says("Editing")
        await ann.press("Cancel")
        await ann.says("Cancelled")
        await ann.send("/forget")
        await ann.press("Delete everything")
        await ann.says("I've deleted everything I kept about you. Send a photo")
    async with server.client("admin") as admin:
        denied = [entry for entry in await admin.acl_log() if entry["username"] in {"bot", "worker"}]
    assert denied == []
