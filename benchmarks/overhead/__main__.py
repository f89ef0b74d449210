"""Compares the product with a bot by hand: the time from a user's photo to the picture, and what it costs.

The product runs as `make run` starts it, with one worker. By hand is one process, by_hand.py, without a queue. Each has
a simulated Telegram of its own. Both use the same ComfyUI: a simulated one, or the one at --comfyui or COMFYUI_URL,
which keeps the pictures and should have nothing else to do.

Photos are sent by turns, one at a time, each by a new user. A photo's time begins when Telegram has it, and ends when
Telegram has its picture. The product exports its spans, which takes processor time too.
"""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import statistics
import tempfile
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from benchmarks.commands import commands
from benchmarks.overhead.ways import HAND, PRODUCT, Answered, BothWays
from local_stack import SIMULATED_TOKEN, WORKFLOWS
from local_stack.processes.errors import StackError
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_testkit.processes import processor_seconds
from qwenedit_testkit.programs import command_line, unable, whole
from qwenedit_testkit.telegram_calls import share
from qwenedit_testkit.traces.collector import Collector
from qwenedit_worker.comfyui import ComfyUI, ComfyUIError, Workflow, WorkflowFileError, workflow_path
from telegram_simulator.client import NeverHappenedError

if TYPE_CHECKING:
    import argparse
    from collections import Counter

WARM_UP = 3
"""Photos that aren't counted: scripts are loaded, connections opened, code paths run for the first time."""
REST = 0.25
"""Seconds after an answer: what follows it, such as deleting files, is no part of the next photo's time."""
IDLE = 15.0
"""Seconds without a photo in which Redis' commands are counted."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was seen."""

    photos: dict[str, list[Answered]]
    """By the way that they took."""
    processor: dict[str, float]
    """Seconds, by process."""
    executed: Counter[str]
    """Redis' commands by kind."""
    idle: Counter[str]
    """The same of as much time without a photo, rounded."""


async def measure(both: BothWays, count: int) -> Measured:
    """Send photos by turns."""
    for _ in range(WARM_UP):
        for way in both.ways.values():
            await way.edit()
            await asyncio.sleep(REST)
    parts = [part for way in both.ways.values() for part in way.parts]
    spent = {part.name: processor_seconds(part.pid) for part in parts}
    executed, begun = await commands(both.client), time.monotonic()
    photos: dict[str, list[Answered]] = {name: [] for name in both.ways}
    for _ in range(count):
        for name, way in both.ways.items():
            photos[name].append(await way.edit())
            await asyncio.sleep(REST)
    executed, seconds = await commands(both.client) - executed, time.monotonic() - begun
    spent = {part.name: processor_seconds(part.pid) - spent[part.name] for part in parts}
    idle = await commands(both.client)
    await asyncio.sleep(IDLE)
    idle = await commands(both.client) - idle
    for kind in idle:
        idle[kind] = round(idle[kind] * seconds / IDLE)
    return Measured(photos, spent, executed, idle)


def show(measured: Measured) -> None:
    """Print times, processor time and commands."""
    times = {name: [photo.ms for photo in photos] for name, photos in measured.photos.items()}
    print(f"\n{'':12}{'p50 ms':>9}{'p95 ms':>9}")
    for name, found in times.items():
        print(f"{name:12}{statistics.median(found):9.1f}{share(found, 0.95):9.1f}")
    product, hand = (statistics.median(times[name]) for name in (PRODUCT, HAND))
    print(f"{'difference':12}{product - hand:9.1f}\n{'ratio':12}{product / hand:9.2f}")
    count = len(times[PRODUCT])
    print("\nms of processor time a photo, upkeep included")
    print("  ".join(f"{name} {1000 * spent / count:.0f}" for name, spent in measured.processor.items()))
    executed, idle = measured.executed.total() / count, measured.idle.total() / count
    print(f"\nRedis commands a photo, those inside scripts too: {executed:.0f}, and {idle:.0f} if idle for as long;")
    print("the difference:")
    kinds = (measured.executed - measured.idle).most_common()
    print(textwrap.fill("  ".join(f"{kind} {number / count:.1f}" for kind, number in kinds), 100))


async def run(options: argparse.Namespace) -> None:
    """Measure and print."""
    workflow = Workflow.load(workflow_path(options.workflow, WORKFLOWS))
    if options.comfyui:
        async with ComfyUI(options.comfyui, workflows=[workflow]) as comfyui:
            await comfyui.check()
    which = options.comfyui or "simulated ComfyUI"
    print(f"{options.photos} photos each, {which}, {workflow.name}; {os.cpu_count()} cores, ", end="")
    print(f"load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder:
        async with (
            Collector() as collector,
            BothWays(Path(folder), workflow=workflow, collector_url=collector.url, comfyui_url=options.comfyui) as both,
        ):
            measured = await measure(both, options.photos)
            photos = sorted(measured.photos[PRODUCT], key=lambda photo: photo.ms)
            median = photos[len(photos) // 2]
            trace = await collector.trace_of(JobIds(SIMULATED_TOKEN)(median.chat_id, median.message_id))
    show(measured)
    print(f"\nThe median photo's spans, in ms from when Telegram had it; it had the picture after {median.ms:.1f}.")
    print(trace.drawn(since=median.sent))


def main() -> None:
    """Read the command line, and say in a sentence what is missing."""
    parser = command_line(__doc__)
    parser.add_argument("--photos", type=whole(), default=60, help="photos each (%(default)s)")
    parser.add_argument("--comfyui", default=os.environ.get("COMFYUI_URL", ""), help="a real one's URL")
    parser.add_argument("--workflow", help="default: the product's; of a real ComfyUI, one that needs no model")
    options = parser.parse_args()
    default = "invert-model-free" if options.comfyui else "qwen-image-edit-2511-fast"
    options.workflow = options.workflow or default
    if not Path("/proc/self/stat").exists():
        unable("This benchmark reads processor time from /proc: run it on Linux.")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        asyncio.run(run(options))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except WorkflowFileError as error:
        unable(f"{error}: --workflow takes a name in services/comfyui/workflows, without .json.")
    except ComfyUIError as error:
        unable(f"no usable ComfyUI at {options.comfyui}: start it, or name none for a simulated one ({error})")
    except (StackError, NeverHappenedError) as error:
        unable(str(error))


if __name__ == "__main__":
    main()
