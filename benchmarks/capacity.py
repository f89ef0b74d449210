"""What a picture of real size costs the bot and Redis, and so what 1, 4, 20 and 100 GPUs need of them.

Real: the bot as a process, Redis, the queue's library on the workers' side. Simulated: Telegram and its people, and
workers that only pretend to edit. Photos are 1.2 megapixels as Telegram makes them, results PNGs as a model writes
them. Processor time is measured per picture, so that a busy machine does not change it much; what more GPUs need is
computed from it, as the table says.
"""

from __future__ import annotations

import asyncio
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from qwenedit_testkit.by_hand.worker import pretending
from qwenedit_testkit.photos import encoded, phone_photo
from qwenedit_testkit.processes import processor_seconds_in_all
from qwenedit_testkit.programs import command_line, seconds, whole
from qwenedit_testkit.system import System

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from telegram_simulator.client import Person

GPUS = (1, 4, 20, 100)
MEGABYTE, GIGABYTE = 1_000_000, 1_000_000_000
DAY = 86_400
EDITING = (1.0, 2.0)
"""Seconds that a worker pretends to edit: the bot then shows progress as for a real edit."""
RESULT, GRAIN = (1184, 880), 7
"""Pixels of a result, and its noise: 1.8 MB."""
PATIENCE = 300.0
"""Seconds for the last picture."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What all pictures so far have cost."""

    bot: float
    """Processor seconds, those of its children included."""
    redis: float
    """Processor seconds."""
    received: int
    """Bytes that Redis has received."""
    sent: int
    memory: int
    """Bytes of data in Redis."""

    @classmethod
    async def now(cls, redis: Redis, bot: int) -> Usage:
        """Look."""
        info = await redis.info("everything")
        return cls(
            bot=processor_seconds_in_all(bot),
            redis=info["used_cpu_user"] + info["used_cpu_sys"],
            received=info["total_net_input_bytes"],
            sent=info["total_net_output_bytes"],
            memory=info["used_memory"],
        )

    def since(self, before: Usage, share: float) -> Usage:
        """Return a share of what came since another look."""
        return Usage(
            bot=(self.bot - before.bot) * share,
            redis=(self.redis - before.redis) * share,
            received=round((self.received - before.received) * share),
            sent=round((self.sent - before.sent) * share),
            memory=round((self.memory - before.memory) * share),
        )


def result() -> bytes:
    """Return a PNG as a model writes it: a megapixel in about 1.8 MB."""
    light = Image.linear_gradient("L").resize(RESULT)
    bands = [Image.blend(light, Image.effect_noise(RESULT, GRAIN), 0.6) for _ in "RGB"]
    return encoded(Image.merge("RGB", bands), "PNG")


async def measure(folder: Path, *, pictures: int, workers: int) -> Usage:
    """Have people send photos until so many came back; returns what one of them cost."""
    async with System(folder, comfyuis=0) as system:
        bot = system.bot("bot")
        await bot.start(timeout=180)
        people = [await system.chats.user() for _ in range(workers)]
        async with pretending(system.redis.url, workers=workers, seconds=EDITING, result=result()):
            await _rounds(people, 1)  # the first of each loads what stays
            before = await Usage.now(system.client, bot.pid)
            each = max(1, pictures // workers)
            await _rounds(people, each, first=1)
            after = await Usage.now(system.client, bot.pid)
        return after.since(before, 1 / (each * workers))


async def _rounds(people: list[Person], count: int, *, first: int = 0) -> None:
    async def one(person: Person) -> None:
        for number in range(first, first + count):
            await person.send(photo=phone_photo(), caption="make it snow")
            await person.picture(timeout=PATIENCE, number=number + 1)

    await asyncio.gather(*(one(person) for person in people))


def report(one: Usage, *, seconds_each: float, photo: int, picture: int) -> str:
    """Write what a picture costs, and the table."""
    cost = (
        f"One picture ({photo / MEGABYTE:.2f} MB of photo, {picture / MEGABYTE:.2f} MB of result) takes"
        f" {1000 * one.bot:.0f} ms of a processor in the bot, and {1000 * one.redis:.1f} ms in Redis. Redis receives"
        f" {one.received / MEGABYTE:.1f} MB and sends {one.sent / MEGABYTE:.1f} MB."
        f" It keeps {one.memory / MEGABYTE:.2f} MB."
    )
    columns = (
        f"GPUs, {seconds_each:g} s a picture", "pictures a day", "results of a day", "bot's processor",
        "Redis' processor", "Redis receives, sends, MB/s",
    )  # fmt: skip
    lines = [cost, "", f"| {' | '.join(columns)} |", "| ---: " * len(columns) + "|"]
    for gpus in GPUS:
        rate = gpus / seconds_each
        lines.append(
            f"| {gpus} | {rate * DAY:,.0f} | {rate * DAY * picture / GIGABYTE:,.0f} GB | {100 * rate * one.bot:.1f} % |"
            f" {100 * rate * one.redis:.1f} % |"
            f" {rate * one.received / MEGABYTE:.1f}, {rate * one.sent / MEGABYTE:.1f} |"
        )
    return "\n".join(lines)


async def main() -> int:
    """Run it and print the table."""
    parser = command_line(__doc__)
    parser.add_argument("--pictures", type=whole(), default=200, help="that are measured (%(default)s)")
    parser.add_argument("--workers", type=whole(), default=4, help="(%(default)s)")
    parser.add_argument("--seconds", type=seconds, default=10, help="of a GPU for one picture (%(default)s)")
    options = parser.parse_args()
    print(f"{options.pictures} pictures, {options.workers} workers; Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(prefix="capacity-") as folder:
        one = await measure(Path(folder), pictures=options.pictures, workers=options.workers)
    print(report(one, seconds_each=options.seconds, photo=len(phone_photo()), picture=len(result())))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
