"""Runs ten thousand jobs: the memory and sockets of bot and worker don't grow.

Real: Redis, HTTP, and the bot and a worker as processes, with the allocator's settings of their images. Each job has a
photo and a person of its own. Simulated: Telegram, and a ComfyUI that edits at once. One limit of the bot is lifted:
Telegram's 30 messages a second in all, by which ten thousand jobs would last a quarter of an hour.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from local_stack import RedisServer, python_module
from proofs._frame import prove
from qwenedit_testkit import ROOT
from qwenedit_testkit.photos import encoded
from qwenedit_testkit.processes import MEGABYTE, resident
from qwenedit_testkit.system import System, allocator
from qwenedit_testkit.waiting import background

if TYPE_CHECKING:
    import argparse

    from local_stack import Part

MOST_GROWTH = {"worker": 2.0, "bot": 6.0}
"""Megabytes from the first thousand jobs to the end. Small objects that stay hold pages of the heap."""
MOST_SOCKETS = {"worker": 15, "bot": 40}
SETTLED = 1_000
AT_ONCE = 12
"""People who wait for a picture at the same time."""
SMALL, LARGE = (320, 240), (2560, 1920)
LARGE_EACH = 200
"""One photo of so many is as large as Telegram's own photos get."""
PATIENCE = 120.0
LOOK_EVERY = 0.5
A_SECOND = 10_000
"""Messages that Telegram is made to allow."""
WORKFLOW = "invert-model-free"
"""Leaves a photo as large as it is; the model's make a megapixel of it, which simulators would spend hours on."""


async def soak(options: argparse.Namespace, folder: Path) -> list[str]:
    """Have so many photos edited, and look at the processes meanwhile."""
    async with System(folder, env={"PYTHONPATH": str(ROOT)}, redis=RedisServer(folder / "redis")) as system:
        await system.chats.limit(overall_per_second=A_SECOND)
        worker = system.worker(WORKFLOW=WORKFLOW, **allocator("worker"))
        bot = system.bot(CHAOS_PACE=str(A_SECOND), **allocator("bot"))
        bot.command = (*python_module("proofs.chaos.seam"), "bot")
        await system.start(worker, bot)
        return await _soak(system, {"worker": worker, "bot": bot}, jobs=options.jobs)


async def _soak(system: System, parts: dict[str, Part], *, jobs: int) -> list[str]:
    photos = {size: _gradient(size) for size in (SMALL, LARGE)}
    left, answered, sockets = iter(range(jobs)), 0, Counter[str]()
    marks = {SETTLED, *(jobs * part // 20 for part in range(1, 21))}
    memory: dict[int, dict[str, float]] = {}
    began = time.monotonic()

    async def keep_asking() -> None:
        nonlocal answered
        for number in left:
            person = await system.chats.user()
            photo = photos[LARGE if number % LARGE_EACH == LARGE_EACH - 1 else SMALL]
            await person.send(photo=photo, caption="make it snow")
            await person.picture(timeout=PATIENCE)
            answered += 1
            if answered in marks:
                memory[answered] = {name: resident(part.pid) / MEGABYTE for name, part in parts.items()}
                told = ", ".join(f"{name} {used:.1f} MB" for name, used in memory[answered].items())
                print(f"{answered:6} jobs, {time.monotonic() - began:4.0f} s: {told}", flush=True)

    async def keep_looking() -> None:
        while True:
            for name, part in parts.items():
                sockets[name] = max(sockets[name], _sockets(part.pid))
            await asyncio.sleep(LOOK_EVERY)

    async with background(keep_looking()), asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(keep_asking())
    return _judge(memory[min(SETTLED, jobs)], memory[jobs], sockets)


def _judge(first: dict[str, float], last: dict[str, float], sockets: Counter[str]) -> list[str]:
    broken = []
    for name, used in last.items():
        growth = used - first[name]
        print(f"{name}: {growth:.1f} MB more than after {SETTLED} jobs, {sockets[name]} sockets at most")
        if growth > MOST_GROWTH[name]:
            broken.append(f"the {name} grew by {growth:.1f} MB, more than {MOST_GROWTH[name]:g}")
        if sockets[name] > MOST_SOCKETS[name]:
            broken.append(f"the {name} had {sockets[name]} sockets open, more than {MOST_SOCKETS[name]}")
    return broken


def _gradient(size: tuple[int, int]) -> bytes:
    return encoded(Image.linear_gradient("L").resize(size).convert("RGB"), "JPEG", quality=80)


def _sockets(pid: int) -> int:
    """Count the open sockets of a process."""
    count = 0
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            count += str(each.readlink()).startswith("socket:")
        except OSError:  # closed meanwhile
            continue
    return count


if __name__ == "__main__":
    prove(soak, __doc__, jobs=(10_000, "photos in all"))
