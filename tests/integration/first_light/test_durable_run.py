"""`make run DATA=…` on a computer that somebody relies on: killed, told to stop, and with parts that die."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from comfyui_simulator.client import SimulatorControl
from local_stack import (
    SIMULATED_TOKEN,
    ComfyUISimulator,
    Part,
    TelegramSimulator,
    bare_environment,
    by_line,
    python_module,
    running,
)
from local_stack.keep.folder import published
from qwenedit_jobs import RedisSettings, connect
from qwenedit_testkit.photos import plain
from qwenedit_testkit.system import FAST, ended
from qwenedit_testkit.waiting import eventually
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from telegram_simulator.client import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATIENCE = 180.0


@dataclass(frozen=True)
class World:
    """What is there whatever the computer does."""

    telegram: TelegramSimulator
    comfyui: ComfyUISimulator
    chats: Chats
    control: SimulatorControl


class Computer:
    """A computer in that world; `run` is what its owner started."""

    def __init__(self, folder: Path, world: World) -> None:
        self.data = folder / "data"
        self.chats, self.control = world.chats, world.control
        # Without a warm-up: what ComfyUI is told to do to the next edit is about a person's job.
        self.run = Part(
            "run",
            python_module("local_stack"),
            env=bare_environment(
                DATA=str(self.data),
                BOT_TOKEN=SIMULATED_TOKEN,
                TELEGRAM_API_URL=world.telegram.url,
                COMFYUI_URL=world.comfyui.url,
                WORKER_WARM_UP="false",
                **FAST,
            ),
            ready=by_line("^The bot answers on Telegram"),
        )

    async def redis_pid(self) -> int:
        """Return the process of the run's Redis."""
        async with connect(RedisSettings.model_validate(published(self.data))) as client:
            return int((await client.info("server"))["process_id"])

    async def person_in_mid_job(self) -> Person:
        """Have a person send a photo. ComfyUI begins its edit, and does not go on with it."""
        await self.control.fault("hang", at_step=1, times=1)
        person = await self.chats.user()
        await person.send(photo=plain(), caption="make it snow")
        await person.says("Editing: step", timeout=PATIENCE)
        return person


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    telegram = TelegramSimulator(env=bare_environment(), temp_dir=tmp_path_factory.mktemp("telegram"))
    comfyui = ComfyUISimulator(env=bare_environment(), data_dir=tmp_path_factory.mktemp("comfyui"), step_seconds=0.1)
    async with running([telegram, comfyui]), Chats(telegram.url) as chats, SimulatorControl(comfyui.url) as control:
        yield World(telegram, comfyui, chats, control)


@pytest_asyncio.fixture(loop_scope="module")
async def computer(world: World, tmp_path: Path) -> AsyncIterator[Computer]:
    computer = Computer(tmp_path, world)
    yield computer
    await ended([computer.run])
    await world.control.clear()


async def test_run_killed_in_mid_job_and_started_again_answers_once(computer):
    await computer.run.start()
    ann = await computer.person_in_mid_job()
    redis = await computer.redis_pid()
    os.killpg(computer.run.pid, signal.SIGKILL)
    assert await computer.run.wait() == -signal.SIGKILL
    await eventually(lambda: not is_running(redis))
    await computer.control.clear()
    await computer.run.start()
    answer = await ann.picture(timeout=PATIENCE)
    # On a busy machine the picture comes late, and so in a message of its own: the job's message goes after it.
    await ann.wait_for(lambda chat: chat.from_bot == (answer,), what="the picture being all that shows")
    bob = await computer.chats.user()
    await bob.send(photo=plain(), caption="make it rain")
    await bob.picture(timeout=PATIENCE)
    assert (await ann.snapshot()).from_bot == (answer,), "nothing more came while another job was done"


async def test_run_starts_dead_redis_again_and_finishes_its_job_before_it_stops(computer):
    await computer.run.start()
    os.kill(await computer.redis_pid(), signal.SIGKILL)
    await computer.run.wait_for_line(r"^redis was ended by signal 9; it starts again in 1 s\.$")
    ann = await computer.person_in_mid_job()
    computer.run.signal(signal.SIGTERM)
    await computer.run.wait_for_line("worker.leaving")
    await computer.control.clear()
    async with asyncio.timeout(PATIENCE):
        assert await computer.run.wait() == 0
    answer = await ann.picture()
    await ann.wait_for(lambda chat: chat.from_bot == (answer,), what="the picture being all that shows")
    logged = [json.loads(line) for line in (computer.data / "logs" / "qwenedit.log").read_text().splitlines()]
    assert {line["part"] for line in logged} >= {"run", "bot", "worker"}
    assert logged[-1]["event"] == "All parts have ended."


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
