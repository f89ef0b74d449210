"""Users see of each fault of ComfyUI what docs/comfyui.md says.

Real: Redis, the worker as a process, the queue's scripts with the default pauses between attempts, and HTTP. Simulated:
ComfyUI, which is told what to spoil. The script plays the bot's janitor (promotes, reaps) and the kubelet (starts
ComfyUI again when it has died or its liveness probe fails). Seconds count from the call that enqueues the job, or from
the user's cancelling. What the user reads is what the bot says of such an end.

Exit code 1 where a user sees something else, or after more attempts, than the table in docs/comfyui.md says. With
--write the table is written anew instead.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from qwenedit_bot.edits.job_views import outcome
from qwenedit_bot.texts import Texts
from qwenedit_jobs import (
    Phase,
    State,
    Status,
)
from qwenedit_testkit import docs_page as page
from qwenedit_testkit.by_hand.bot import BotByHand, by_hand
from qwenedit_testkit.kubelet import Kubelet
from qwenedit_testkit.photos import plain
from qwenedit_testkit.programs import command_line, conclude
from qwenedit_testkit.system import System
from qwenedit_testkit.waiting import background

if TYPE_CHECKING:
    from comfyui_simulator.client import SimulatorControl
    from local_stack import ComfyUISimulator, Service

STEP_SECONDS = 0.25
BOOT_SECONDS = 3.0
"""From ComfyUI's end until another one listens; a real one takes about 15."""
PATIENCE = 120.0
PACE = 0.05


@dataclass(frozen=True, slots=True)
class Case:
    """A fault to inject before the job is enqueued."""

    name: str
    fault: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    heals_after: float | None = None
    """Seconds after which the fault is taken away; None leaves it to its `times`."""
    cancel: bool = False
    """Whether the user cancels at the first step."""


CASES = (
    Case("no fault"),
    Case("connections refused for 3 s", "refuse", {"seconds": 3}),
    Case("each answer 1 s late", "slow", {"seconds": 1, "times": None}),
    Case("killed in mid-job, restarted", "die", {"at_step": 2}),
    Case("restarted within 1 s in mid-job", "restart", {"at_step": 2, "seconds": 1}),
    Case("executor dead (zombie)", "kill_executor"),
    Case("websocket silent", "silent_socket", {"at_step": 1}),
    Case("websocket cut", "drop_socket", {"at_step": 1}),
    Case("prompt vanished", "vanish", {"at_step": 2}),
    Case("answer to the submission lost", "drop_answer", {"path": "/prompt"}),
    Case("200 with node_errors", "node_errors"),
    Case("success that hides an error", "success_with_error"),
    Case("success without a picture", "missing_output"),
    Case("result cut once", "cut_picture"),
    Case("result cut for good", "cut_picture", {"times": None}),
    Case("result hangs once", "hang_picture"),
    Case("interrupted by another client", "interrupt", {"at_step": 2}),
    Case("node raised", "execution_error", {"at_step": 2}),
    Case("out of memory once", "oom", {"at_step": 1}),
    Case("out of memory twice", "oom", {"at_step": 1, "times": 2}),
    Case("model missing for 5 s", "missing_model", {"model": "vae"}, heals_after=5),
    Case("disk full on upload, once", "disk_full"),
    Case("disk full on upload, for good", "disk_full", {"times": None}),
    Case("disk full on saving", "disk_full", {"path": "/output"}),
    Case("photo over the upload limit (413)", "too_large"),
    Case("cancelled, interrupt ignored for 20 s", "ignore_interrupt", {"seconds": 20}, cancel=True),
    Case("cancelled, interrupt lost", "lose_interrupt", cancel=True),
)


async def main() -> bool:
    """Drive each case, and print a line for it; returns whether all was seen that the page says."""
    parser = command_line(__doc__)
    parser.add_argument("--only", default="", help="words of the case's name")
    parser.add_argument("--write", action="store_true", help="into docs/comfyui.md")
    options = parser.parse_args()
    cases = [case for case in CASES if options.only in case.name]
    if not cases or (options.write and options.only):
        parser.error("--only names no case" if not cases else "the page has all cases: --write goes without --only")
    promised = {name: (seen, attempts) for name, seen, _after, attempts in page.rows(page.read("faults"))}
    broken = []
    lines = ["| fault | what the user sees | after | attempts |", "| --- | --- | --: | --: |"]
    print("\n".join(lines))
    for number, case in enumerate(cases, start=1):
        status, seconds = await _seen_of(case, number)
        if promised.get(case.name) != (_seen(status), str(status.attempt)):
            broken.append(f"{case.name}: the page says {promised.get(case.name, 'nothing')}")
        lines.append(f"| {case.name} | {_seen(status)} | {seconds:.1f} s | {status.attempt} |")
        print(lines[-1], flush=True)
    if options.write:
        page.write("faults", "\n".join(lines))
        return True
    print("\n".join(f"BROKEN {each}" for each in broken) or "KEPT")
    return not broken


def _seen(status: Status) -> str:
    if status.state is State.DONE:
        return "the picture"
    words = Texts().of("en")
    said = outcome(words, status.job.id, status.state, status.reason).text
    return f"“{said.splitlines()[0]}”"


async def _seen_of(case: Case, number: int) -> tuple[Status, float]:
    """Have a job meet a fault; returns what became of it, and after how many seconds."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        system = await stack.enter_async_context(System(folder, step_seconds=STEP_SECONDS))
        worker = system.worker()
        # Pictures are deleted by what ComfyUI offers over HTTP, as where its folders are elsewhere.
        for setting in system.comfyuis[0].shared_folders:
            del worker.env[setting]
        await system.start(worker)
        bot = await stack.enter_async_context(by_hand(system.redis.url))
        kubelet = Kubelet(again_after=BOOT_SECONDS)
        stack.push_async_callback(kubelet.leave)
        kubelet.keep(system.comfyuis[0])
        async with background(bot.keep_tidy(), _condemn(worker, system.comfyuis[0], kubelet)):
            return await _drive(case, system.controls[0], bot, number)


async def _condemn(worker: Service, comfyui: ComfyUISimulator, kubelet: Kubelet) -> None:
    """Kill ComfyUI while the worker says that it is not alive."""
    async with aiohttp.ClientSession() as session:
        while True:
            await kubelet.until_up(comfyui)
            async with session.get(f"{worker.probe_url}/comfyui/livez") as answer:
                condemned = answer.status != HTTPStatus.OK
            if condemned:
                await kubelet.kill(comfyui)
            await asyncio.sleep(1)


async def _drive(case: Case, control: SimulatorControl, bot: BotByHand, number: int) -> tuple[Status, float]:
    if case.fault:
        await control.fault(case.fault, **case.params)
    began = time.monotonic()
    job = await bot.ask(number, plain(size=(640, 480)))
    if case.heals_after is not None:
        await asyncio.sleep(case.heals_after)
        await control.clear()
    if case.cancel:
        await bot.until(job.id, lambda status: status.phase is Phase.EDITING and status.step > 0, within=PATIENCE)
        began = time.monotonic()
        await bot.queue.cancel(job.id)
    return await bot.until(job.id, lambda status: status.state.final, within=PATIENCE), time.monotonic() - began


if __name__ == "__main__":
    conclude(main())
