"""Measures the time that the product adds to ComfyUI's, compared with fifty lines by hand (`by_hand.py`).

The time begins when Telegram has a photo for the bot, and ends when Telegram has the bot's picture. The time that
ComfyUI says it has executed is subtracted. Both have the same simulated Telegram, the same ComfyUI and the same
photos, by turns, each from a person who has not written before. The product has its Redis, its bot and its worker,
all as processes with their default settings. By hand there is one process: no queue, no progress, no retries, no
second user.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from PIL import Image

from local_stack import (
    WORKFLOWS,
    Part,
    RedisServer,
    bare_environment,
    by_line,
    python_module,
    worker,
)
from qwenedit_bot.edits.addresses import JobIds
from qwenedit_testkit import ROOT
from qwenedit_testkit.comfyui_server import WHICH, comfyui, machine
from qwenedit_testkit.photos import encoded
from qwenedit_testkit.processes import processor_seconds
from qwenedit_testkit.programs import command_line, whole
from qwenedit_testkit.system import System
from qwenedit_worker.comfyui import Workflow
from telegram_simulator.client import NeverHappenedError
from telegram_simulator.client import TelegramSimulator as Chats

if TYPE_CHECKING:
    from qwenedit_jobs import JobQueue
    from qwenedit_testkit.comfyui_server import Server

PRODUCT, HAND = "the product", "by hand"
TOKENS = {PRODUCT: "1000001:product", HAND: "1000002:hand"}
SAMPLES = sorted((ROOT / "simulators/telegram/src/telegram_simulator/chat_page/samples").glob("*.jpg"))
STEP_SECONDS = 0.1
WARM_UP = 4
PATIENCE = 60.0
REST = 0.25
"""Seconds between two photos: what follows an answer, such as removing files, is no part of the next one."""
GOAL_MS, GOAL_RATIO = 50.0, 1.3

Executed = Callable[[int, int, str], Awaitable[float]]
"""Tells the seconds that ComfyUI worked, by the chat, the photo's message and the answer's caption."""


@dataclass(slots=True)
class Way:
    """One of the two, and what was seen of it."""

    name: str
    chats: Chats
    executed: Executed
    parts: tuple[Part, ...]
    total: list[float] = field(default_factory=list)
    """Milliseconds that a photo took."""
    own: list[float] = field(default_factory=list)
    """Of these, without ComfyUI's."""

    processor: dict[str, float] = field(default_factory=dict)
    """Milliseconds of processor time that a photo has cost each process."""

    def begin(self) -> None:
        """Forget the warming up."""
        self.total.clear()
        self.own.clear()
        self.processor = {part.name: 1000 * processor_seconds(part.pid) for part in self.parts}

    def end(self) -> None:
        """Take stock."""
        self.processor = {
            part.name: (1000 * processor_seconds(part.pid) - self.processor[part.name]) / len(self.own)
            for part in self.parts
        }

    async def edit(self, number: int) -> None:
        """Send a photo, and wait for the picture."""
        person = await self.chats.user()
        photo = _photo(number)
        [message] = await person.send(photo=photo, caption="make it snow")
        began = time.time()
        try:
            answer = await person.picture(PATIENCE)
        except NeverHappenedError as error:
            said = "\n".join(line for part in self.parts for line in part.lines[-5:])
            raise SystemExit(f"{self.name}: {error}\n{said}") from None
        calls = await self.chats.calls("editMessageMedia")
        ended = next(call.at for call in reversed(calls) if call.chat_id == person.chat_id)
        seconds = await self.executed(person.chat_id, message, answer.text)
        self.total.append((ended - began) * 1000)
        self.own.append(self.total[-1] - seconds * 1000)

    def line(self) -> str:
        """Say it."""
        own, total = statistics.quantiles(self.own, n=100), statistics.median(self.total)
        spent = " + ".join(f"{name} {spent:.0f}" for name, spent in self.processor.items())
        return f"{self.name:14} {total:9.1f} {total - own[49]:9.1f} {own[49]:9.1f} {own[94]:9.1f}  {spent}"


def _photo(number: int) -> bytes:
    """A photo like no other, of the size that Telegram makes of a phone's."""
    picture = Image.open(SAMPLES[number % len(SAMPLES)]).convert("RGB").resize((1280, 960))
    picture.paste((number * 7 % 256, number * 31 % 256, time.time_ns() % 256), (0, 0, 32, 32))
    return encoded(picture, "JPEG", quality=90)


def _workflow(server: Server) -> str:
    """Name what both execute: on a simulated ComfyUI the default, on a real one something that any CPU can."""
    return "qwen-image-edit-2511-fast" if server.simulated else "invert-model-free"


def _parts(system: System, server: Server) -> dict[str, tuple[Part, ...]]:
    """Make each way's processes, in the order in which they need each other."""
    workflow = Workflow.load(WORKFLOWS / f"{_workflow(server)}.json")
    graph = json.dumps(workflow.bind(images=["$PICTURE"], prompt="$PROMPT", seed=1, prefix="by-hand").graph)
    told = {"COMFYUI": server.url, "GRAPH": graph, "TELEGRAM": system.telegram.url}
    product = (
        system.add(
            worker(
                env=bare_environment(**server.settings, WORKFLOW=workflow.name),
                redis_url=system.redis.url,
                comfyui_url=server.url,
            )
        ),
        system.bot(BOT_TOKEN=TOKENS[PRODUCT]),
    )

    command, env = python_module("benchmarks.overhead.by_hand"), bare_environment(**told, TOKEN=TOKENS[HAND])
    by_hand = system.add(Part(HAND, command, env=env, ready=by_line("ready")))
    return {PRODUCT: (*product, system.redis), HAND: (by_hand,)}


def _told_by_queue(queue: JobQueue, token: str) -> Executed:
    async def executed(chat: int, message: int, _caption: str) -> float:
        status = await queue.status(JobIds(token)(chat, message))
        if status is None or status.result is None:
            raise SystemExit(f"the product gave no result for message {message} of chat {chat}")
        return status.result.seconds

    return executed


def _told_by_history(http: aiohttp.ClientSession, url: str) -> Executed:
    async def executed(_chat: int, _message: int, caption: str) -> float:
        async with http.get(f"{url}/history/{caption}") as reply:
            said: dict[str, Any] = dict((await reply.json())[caption]["status"]["messages"])
        async with http.post(f"{url}/history", json={"delete": [caption]}):
            pass
        began, ended = (said[kind]["timestamp"] for kind in ("execution_start", "execution_success"))
        return float(ended - began) / 1000

    return executed


async def measure(server: Server, photos: int) -> list[Way]:
    """Have all of them edit, by turns."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="overhead-")))
        system = await stack.enter_async_context(System(folder, redis=RedisServer(folder / "redis"), comfyuis=0))
        parts_of = _parts(system, server)
        for part in system.parts:
            if not part.running:
                await system.start(part)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        by_history = _told_by_history(http, server.url)
        ways = []
        for name, parts in parts_of.items():
            chats = Chats(system.telegram.url, bot_id=int(TOKENS[name].split(":")[0]))
            told = _told_by_queue(system.queue, TOKENS[name]) if name == PRODUCT else by_history
            ways.append(Way(name, await stack.enter_async_context(chats), told, parts))
        for number in range(WARM_UP + photos):
            if number == WARM_UP:
                for way in ways:
                    way.begin()
            turn = number % len(ways)
            for way in ways[turn:] + ways[:turn]:
                await way.edit(number)
                await asyncio.sleep(REST)
        for way in ways:
            way.end()
        return ways


async def main() -> None:
    """Measure and print."""
    parser = command_line((__doc__ or "") + WHICH)
    parser.add_argument("--photos", type=whole(), default=100)
    options = parser.parse_args()
    photos: int = options.photos
    async with comfyui(step_seconds=STEP_SECONDS) as server:
        print(f"{server.name}, {machine()}, {photos} photos each, by turns; milliseconds", flush=True)
        before = server.files()
        try:
            product, hand = await measure(server, photos)
        finally:  # by hand nothing is removed, and ComfyUI looks at all of its input for each prompt
            for left in server.files() - before:
                (server.data / left).unlink()
    print(f"{'':14} {'in all':>9} {'ComfyUI':>9} {'overhead':>9} {'its p95':>9}  processor time")
    for each in (product, hand):
        print(each.line())
    ours = statistics.median(product.own)
    print(f"overhead p50: {ours:.1f} ms (goal: {GOAL_MS:g})")
    pairs = statistics.median(a / b for a, b in zip(product.total, hand.total, strict=True))
    print(
        f"  {ours / statistics.median(hand.own):.2f} times (goal: {GOAL_RATIO}) that of the script; a photo in all "
        f"{pairs:.2f} times as long"
    )


if __name__ == "__main__":
    asyncio.run(main())
