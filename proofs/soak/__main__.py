"""The bot and a worker hold bounded memory and few sockets after ten thousand jobs.

Real: Redis, HTTP, and the bot and a worker as processes. Both have the packages, the bytecode and the allocator's
settings of their images. Each job has a photo and a person of its own. Simulated: Telegram, and a ComfyUI that edits
at once. One limit of the bot is lifted: Telegram's 30 messages a second in all, by which ten thousand jobs would last
a quarter of an hour.

Exit code 1 where a job was not answered with a picture, or a bound below was passed.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from local_stack import (
    RedisServer,
    Service,
)
from proofs._frame import prove
from qwenedit_testkit import ROOT
from qwenedit_testkit.photos import encoded
from qwenedit_testkit.processes import MEGABYTE, resident
from qwenedit_testkit.system import System, allocator
from qwenedit_testkit.waiting import background

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from telegram_simulator.client import TelegramSimulator as Chats

MOST_WORKER, MOST_BOT = 80.0, 230.0
"""Resident megabytes at the end. 190 of the bot's are there when its modules are imported, mostly aiogram's models."""
MOST_WORKER_GROWTH, MOST_BOT_GROWTH = 2.0, 6.0
"""Megabytes from the first thousand jobs to the end. Small objects that stay hold pages of the heap."""
SETTLED = 1_000
MOST_TO_COMFYUI, MOST_SOCKETS = 10, 15
"""The worker's open sockets."""
AT_ONCE = 12
"""People who wait for a picture at the same time."""
SMALL, LARGE = (320, 240), (2560, 1920)
LARGE_EACH = 200
"""One photo of so many is as large as Telegram's own photos get."""
PATIENCE = 120.0
LOOKS = 20
"""Lines printed in a run."""
LOOK_EVERY = 0.5
WORKFLOW = "invert-model-free"
"""Leaves a photo as large as it is; the model's make a megapixel of it, which simulators would spend hours on."""
A_SECOND = 10_000
"""Messages that Telegram is made to allow."""
SHARED = ("qwenedit-jobs", "qwenedit-telemetry")


@dataclass(slots=True)
class Peak:
    """The most sockets that a process had open."""

    to_comfyui: int = 0
    all: int = 0


@dataclass(slots=True)
class Seen:
    """What was noted of both processes."""

    answered: int = 0
    memory: dict[int, tuple[float, float]] = field(default_factory=dict)
    """After so many jobs: the worker's and the bot's resident megabytes."""
    worker: Peak = field(default_factory=Peak)
    bot: Peak = field(default_factory=Peak)


async def soak(chats: Chats, parts: Sequence[Service], comfyui_port: int, *, jobs: int) -> Seen:
    """Have so many photos edited, and look at the processes meanwhile."""
    seen = Seen()
    the_worker, the_bot = parts
    photos = {size: _gradient(size) for size in (SMALL, LARGE)}
    left = iter(range(jobs))
    marks = {round(jobs * part / LOOKS) for part in range(1, LOOKS + 1)} | {SETTLED}
    began = time.monotonic()

    async def keep_asking() -> None:
        for number in left:
            person = await chats.user()
            photo = photos[LARGE if number % LARGE_EACH == LARGE_EACH - 1 else SMALL]
            await person.send(photo=photo, caption="make it snow")
            await person.picture(timeout=PATIENCE)
            seen.answered += 1
            if seen.answered in marks:
                memory = resident(the_worker.pid) / MEGABYTE, resident(the_bot.pid) / MEGABYTE
                seen.memory[seen.answered] = memory
                print(
                    f"{seen.answered:6} jobs, {time.monotonic() - began:4.0f} s: "
                    f"worker {memory[0]:.1f} MB, bot {memory[1]:.1f} MB",
                    flush=True,
                )

    async def keep_looking() -> None:
        while True:
            for peak, part in ((seen.worker, the_worker), (seen.bot, the_bot)):
                peak.all = max(peak.all, _sockets(part.pid))
                peak.to_comfyui = max(peak.to_comfyui, _connections(part.pid, comfyui_port))
            await asyncio.sleep(LOOK_EVERY)

    async with background(keep_looking()), asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(keep_asking())
    return seen


def verdict(seen: Seen, *, jobs: int) -> list[str]:
    """Print what was found beside what is allowed; returns what was too much."""
    first = seen.memory.get(SETTLED, next(iter(seen.memory.values())))
    last = seen.memory[jobs]
    bounds = (
        ("jobs not answered with a picture", jobs - seen.answered, 0),
        ("worker's memory, MB", last[0], MOST_WORKER),
        ("bot's memory, MB", last[1], MOST_BOT),
        (f"worker's growth since {SETTLED} jobs, MB", last[0] - first[0], MOST_WORKER_GROWTH),
        (f"bot's growth since {SETTLED} jobs, MB", last[1] - first[1], MOST_BOT_GROWTH),
        ("worker's sockets to ComfyUI, at most", seen.worker.to_comfyui, MOST_TO_COMFYUI),
        ("worker's sockets in all, at most", seen.worker.all, MOST_SOCKETS),
    )
    for name, found, most in bounds:
        print(f"{name:42} {found:7.1f}   allowed {most:5.1f}")
    print(f"{'sockets of the bot in all, at most':42} {seen.bot.all:7.1f}")
    return [f"{name}: {found:.1f} of {most:.1f}" for name, found, most in bounds if found > most]


def _install(service: str) -> str:
    """Install a service as its image does; returns its interpreter.

    What tools of development bring along, libraries would import and hold (structlog: rich, 3 MB), and a module without
    bytecode leaves the heap in pieces when it is compiled (11 MB in all).
    """
    folder = ROOT / ".local" / "installed" / service
    uv = os.environ.get("UV") or shutil.which("uv") or "uv"
    ours = [f"--reinstall-package={package}" for package in (f"qwenedit-{service}", *SHARED)]
    how = ("--quiet", "--frozen", "--no-dev", "--no-editable", "--compile-bytecode")
    subprocess.run(  # noqa: S603 - uv
        [uv, "sync", *how, *ours, "--package", f"qwenedit-{service}"],
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(folder)},
        cwd=ROOT,
        check=True,
    )
    return str(folder / "bin" / "python")


def _gradient(size: tuple[int, int]) -> bytes:
    return encoded(Image.linear_gradient("L").resize(size).convert("RGB"), "JPEG", quality=80)


def _sockets(pid: int) -> int:
    return sum(1 for _ in _open(pid))


def _open(pid: int) -> Iterator[str]:
    """Yield the kernel's lines about a process' TCP sockets, listening ones included."""
    mine = set()
    for each in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(each.readlink())
        except OSError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            mine.add(target[8:-1])
    for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
        if line.split()[9] in mine:
            yield line


def _connections(pid: int, port: int) -> int:
    return sum(int(line.split()[2].partition(":")[2], 16) == port for line in _open(pid))


async def run(options: argparse.Namespace, folder: Path) -> list[str]:
    """Soak, and print."""
    pythons = {service: await asyncio.to_thread(_install, service) for service in ("worker", "bot")}
    async with System(folder, redis=RedisServer(folder / "redis")) as system:
        await system.chats.limit(overall_per_second=A_SECOND)
        the_worker = system.worker(WORKFLOW=WORKFLOW, **allocator("worker"))
        the_bot = system.bot(**allocator("bot"))
        the_worker.command = pythons["worker"], "-m", "qwenedit_worker"
        the_bot.command = pythons["bot"], "-m", "proofs.soak.bot"
        await system.start(the_worker, the_bot)
        seen = await soak(system.chats, (the_worker, the_bot), system.comfyuis[0].port, jobs=options.jobs)
    return verdict(seen, jobs=options.jobs)


if __name__ == "__main__":
    prove(run, __doc__, jobs=(10_000, "photos in all"))
