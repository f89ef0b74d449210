"""How much traces cost, with a collector and while it is away.

Pickup is measured as in `pickup.py`, in blocks with and without traces by turns, so that other load on the machine
meets both. A cycle lasts from a photo's sending to the picture in the chat, through the bot and a worker as
processes, Redis and HTTP. Telegram and ComfyUI are simulated: ComfyUI takes at most a tenth of a second, where a GPU
takes seconds.

Three installations do a job in turn: without traces, with a collector, and with a collector that is away. Then the
last one does a thousand jobs, and its memory and its warnings are read.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import platform
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from benchmarks.pickup import measure
from local_stack import (
    Service,
    free_port,
)
from qwenedit_telemetry import tracing
from qwenedit_telemetry.exporting import Exporting
from qwenedit_testkit.photos import photo
from qwenedit_testkit.processes import MEGABYTE, resident
from qwenedit_testkit.programs import command_line, whole
from qwenedit_testkit.redis import redis_server
from qwenedit_testkit.system import System
from qwenedit_testkit.traces.collector import Collector
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP_SECONDS = 0.02
WARM_UP = 5
BLOCK = 50
"""Jobs of pickup measured before the other side's turn."""
AT_ONCE = 8
"""People who have a job at the same time, while a thousand are done."""
SETTLED = 300
"""Jobs after which an installation's caches are taken to be full, and its memory to be flat from then on."""


@dataclass(slots=True)
class Side:
    """An installation, and the cycles that it took."""

    name: str
    bot: Service
    worker: Service
    chats: Chats
    cycles: list[float] = field(default_factory=list)
    """Seconds."""

    @property
    def parts(self) -> tuple[Service, Service]:
        """What traces."""
        return self.bot, self.worker

    async def job(self, photo: bytes) -> None:
        """Have one job done, for a person of its own: what Telegram allows a chat is not what is measured."""
        person = await self.chats.user()
        began = time.perf_counter()
        await person.send(photo=photo, caption="make it snow")
        await person.picture(timeout=60)
        self.cycles.append(time.perf_counter() - began)

    def memory(self) -> dict[str, float]:
        """Resident megabytes of each part."""
        return {part.name: resident(part.pid) / MEGABYTE for part in self.parts}

    def warnings(self) -> dict[str, list[str]]:
        """Return the events that each part warned of or worse."""
        return {
            part.name: [
                str(entry["event"])
                for entry in map(json.loads, part.lines)
                if entry["level"] not in ("debug", "info")
            ]
            for part in self.parts
        }  # fmt: skip


async def pickups(jobs: int) -> None:
    """Compare the pickup with and without traces, and print it."""
    found: dict[bool, list[float]] = {False: [], True: []}
    async with Collector(keep=False) as collector:
        os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
        exporting = Exporting(service="worker", version="0", endpoint=collector.url)
        for number in range(-2, 2 * jobs // BLOCK):
            traced = bool(number % 2)
            tracing.use(exporting.tracer if traced else None)
            async with redis_server() as server:
                block = await measure(server.url, BLOCK)
            if number >= 0:
                found[traced] += block
        tracing.use(None)
        await asyncio.to_thread(exporting.close)
    off, on = (statistics.median(found[traced]) for traced in (False, True))
    print(f"pickup, {len(found[True])} jobs each: off {off:.2f} ms, on {on:.2f} ms, ratio {on / off:.3f} (medians)")


async def cycles(sides: Sequence[Side], *, rounds: int, photo: bytes) -> None:
    """Have each side do a job in turn, and print how they compare."""
    for _ in range(WARM_UP):
        for side in sides:
            await side.job(photo)
    for side in sides:
        side.cycles.clear()
    for number in range(rounds):
        for turn in range(len(sides)):
            await sides[(number + turn) % len(sides)].job(photo)
    off = statistics.median(sides[0].cycles)
    for side in sides:
        median, worst = statistics.median(side.cycles), statistics.quantiles(side.cycles, n=20)[-1]
        print(
            f"cycle, traces {side.name:15} {rounds} jobs: median {1000 * median:.1f} ms, p95 {1000 * worst:.1f} ms, "
            f"ratio {median / off:.3f}"
        )


async def long_absence(side: Side, *, jobs: int, photo: bytes) -> None:
    """Have many jobs done without a collector, and print memory and warnings."""
    side.cycles.clear()
    left = iter(range(jobs))
    memory: dict[int, dict[str, float]] = {}

    async def keep_asking() -> None:
        for number in left:
            await side.job(photo)
            if (number + 1) % (jobs // 10) == 0:
                memory[number + 1] = side.memory()

    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(keep_asking())
    seconds = time.monotonic() - began
    tenth = jobs // 10
    first, last = statistics.median(side.cycles[tenth : 2 * tenth]), statistics.median(side.cycles[-tenth:])
    print(
        f"collector away for {jobs} jobs in {seconds:.0f} s, {AT_ONCE} at a time: "
        f"median cycle of the second tenth {1000 * first:.0f} ms, of the last {1000 * last:.0f} ms"
    )
    for part in side.parts:
        told = ", ".join(f"{after}: {each[part.name]:.1f}" for after, each in sorted(memory.items()))
        sizes = [each[part.name] for after, each in sorted(memory.items()) if after >= SETTLED * jobs // 1000]
        grown = sizes[-1] - sizes[0]
        print(f"  {part.name}: resident MB after so many jobs {told}; since {SETTLED * jobs // 1000} jobs {grown:+.1f}")
        print(f"  {part.name}: warned of {side.warnings()[part.name]}")


async def main() -> None:
    """Measure and print."""
    parser = command_line(__doc__)
    parser.add_argument("--pickups", type=whole(), default=400, help="jobs of each side (%(default)s)")
    parser.add_argument("--rounds", type=whole(), default=100, help="cycles of each side (%(default)s)")
    parser.add_argument("--jobs", type=whole(), default=1000, help="while the collector is away (%(default)s)")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    await pickups(options.pickups)
    sent = photo()
    with tempfile.TemporaryDirectory(prefix="tracing-") as folder:
        async with AsyncExitStack() as stack:
            sides = await _installations(stack, Path(folder))
            await cycles(sides, rounds=options.rounds, photo=sent)
            await long_absence(sides[-1], jobs=options.jobs, photo=sent)


async def _installations(stack: AsyncExitStack, folder: Path) -> list[Side]:
    collector = await stack.enter_async_context(Collector(keep=False))
    system = await stack.enter_async_context(System(folder, step_seconds=STEP_SECONDS))
    endpoints = {"off": None, "on": collector.url, "on, none there": f"http://127.0.0.1:{free_port()}"}
    sides = []
    for number, (name, endpoint) in enumerate(endpoints.items()):
        own = {
            "REDIS_URL": f"{system.redis.url.rpartition('/')[0]}/{number}",
            "BOT_TOKEN": f"{1000000100 + number}:simulated-token-of-a-benchmark",
            **({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint} if endpoint else {}),
        }
        chats = await stack.enter_async_context(Chats(system.telegram.url, bot_id=1000000100 + number))
        side = Side(name, system.bot(**own), system.worker(**own), chats)
        await system.start(*side.parts)
        sides.append(side)
    return sides


if __name__ == "__main__":
    asyncio.run(main())
